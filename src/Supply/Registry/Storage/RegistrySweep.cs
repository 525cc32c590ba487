using Merlon.Registry.Contracts;
using Microsoft.EntityFrameworkCore;

namespace Merlon.Registry.Storage;

/// <summary>At start: removes what interrupted pushes and crashes left, and says what it did.</summary>
internal sealed class RegistrySweep(RegistryDb db, BlobStore blobs, RegistryOptions options, TimeProvider time)
{
    public async Task<string?> RunAsync(CancellationToken cancellationToken)
    {
        var limit = time.GetUtcNow() - options.UploadLifetime;
        var old = await db.Uploads.Include(u => u.Files).Where(u => u.TouchedAt < limit).ToListAsync(cancellationToken);
        db.Uploads.RemoveRange(old);
        await db.SaveChangesAsync(cancellationToken);
        foreach (var upload in old)
            await blobs.DiscardAsync(upload, cancellationToken);

        // A complete staged file that was moved before a crash is named by its upload: the push can be committed again.
        var known = (await db.Blobs.AsNoTracking().ToListAsync(cancellationToken)).Select(b => b.RelativePath).ToHashSet(StringComparer.Ordinal);
        var orphans = 0;
        foreach (var file in await db.UploadFiles.AsNoTracking().Join(db.Uploads, f => f.UploadId, u => u.Id, (f, u) => new { u.Organisation, u.Project, f.BlobId }).ToListAsync(cancellationToken))
            known.Add(Model.Blob.PathFor(file.Organisation, file.Project, file.BlobId));
        foreach (var orphan in blobs.Orphans(known).ToList())
        {
            File.Delete(orphan);
            orphans++;
        }
        var live = (await db.Uploads.Select(u => u.Id).ToListAsync(cancellationToken)).Select(id => id.ToString("n")).ToHashSet(StringComparer.Ordinal);
        foreach (var folder in blobs.StagingFolders().Where(f => !live.Contains(Path.GetFileName(f))).ToList())
            Directory.Delete(folder, recursive: true);
        return (old.Count, orphans) == (0, 0) ? null : $"Removed {old.Count} abandoned pushes and {orphans} sealed files that no version names.";
    }
}
