using Merlon.Access.Contracts;
using Merlon.Kernel;
using Merlon.Registry.Model;
using Merlon.Registry.Storage;
using Microsoft.EntityFrameworkCore;

namespace Merlon.Registry.Push;

/// <summary>Makes a complete push into a version: the one moment at which it becomes visible.</summary>
internal sealed class CommitService(RegistryDb db, BlobStore blobs, ControlEvents events, TimeProvider time)
{
    // One commit at a time in this process: version numbers have no gaps, and equal content pushed twice at once is still stored once.
    private static readonly SemaphoreSlim s_turn = new(1, 1);

    public async Task<Result<UploadEndpoints.Committed>> CommitAsync(Caller caller, string model, Guid uploadId, CancellationToken cancellationToken)
    {
        await s_turn.WaitAsync(cancellationToken);
        try
        {
            var upload = await db.Uploads.Include(u => u.Files).SingleOrDefaultAsync(u => u.Id == uploadId && u.ModelName == model && u.Author == caller.Id, cancellationToken);
            if (upload is null)
                return UploadService.Unknown();
            var incomplete = upload.Files.Count(f => f.Sha256 is null);
            if (incomplete > 0)
                return new Refusal(RefusalKind.Conflict, "upload.incomplete", $"{incomplete} of {upload.Files.Count} files have not arrived completely.");
            return await MakeVersionAsync(caller, upload, cancellationToken);
        }
        finally
        {
            s_turn.Release();
        }
    }

    private async Task<Result<UploadEndpoints.Committed>> MakeVersionAsync(Caller caller, Upload upload, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var files = upload.Files.Select(f => new ArtifactFile(f.Path, f.Size, f.Sha256!.Value)).ToList();
        var model = await db.Models.SingleOrDefaultAsync(
            m => m.Organisation == upload.Organisation && m.Project == upload.Project && m.Name == upload.ModelName, cancellationToken);
        var number = 1;
        if (model is null)
        {
            model = new ModelEntry { Id = Guid.CreateVersion7(now), Organisation = upload.Organisation, Project = upload.Project, Name = upload.ModelName, CreatedAt = now };
            db.Models.Add(model);
        }
        else
        {
            number = 1 + (await db.Versions.Where(v => v.ModelId == model.Id).MaxAsync(v => (int?)v.Number, cancellationToken) ?? 0);
        }
        var version = new ModelVersion
        {
            Id = Guid.CreateVersion7(now),
            ModelId = model.Id,
            Number = number,
            Manifest = ManifestDigest.Compute(files),
            Author = caller.Id,
            TotalBytes = files.Sum(f => f.Size),
            CreatedAt = now,
        };
        db.Versions.Add(version);
        var newBytes = await AddFilesAsync(upload, version, now, cancellationToken);
        db.Uploads.Remove(upload);
        await db.CommitAsync(Pushed(caller, upload.ModelName, version, files.Count, newBytes), cancellationToken);
        await blobs.DiscardAsync(upload, CancellationToken.None);
        return new UploadEndpoints.Committed(
            upload.ModelName, number, $"{upload.ModelName}@{number}", version.Manifest, version.TotalBytes, newBytes, files.Count);
    }

    /// <summary>Moves new content to its place and points equal content at what is there. Returns the bytes that were new.</summary>
    private async Task<long> AddFilesAsync(Upload upload, ModelVersion version, DateTimeOffset now, CancellationToken cancellationToken)
    {
        long newBytes = 0;
        var added = new Dictionary<Digest, Guid>();
        foreach (var file in upload.Files)
        {
            var sha256 = file.Sha256!.Value;
            if (!added.TryGetValue(sha256, out var blobId))
            {
                var existing = await FindIntactAsync(upload, sha256, cancellationToken);
                blobId = existing ?? file.BlobId;
                if (existing is null)
                {
                    // INVARIANT: the file is in its place and on disk before the row that names it; a crash between leaves a file without a row, which the sweep removes.
                    blobs.MoveIntoPlace(upload, file);
                    db.Blobs.Add(NewBlob(upload, file, now));
                    newBytes += file.Size;
                }
                added.Add(sha256, blobId);
            }
            db.VersionFiles.Add(new VersionFile { VersionId = version.Id, Path = file.Path, BlobId = blobId });
        }
        return newBytes;
    }

    /// <summary>
    /// Equal content that is stored already, read through once: a push of what was damaged on disk must not lean on the damaged copy.
    /// </summary>
    private async Task<Guid?> FindIntactAsync(Upload upload, Digest sha256, CancellationToken cancellationToken)
    {
        var candidates = await db.Blobs.AsNoTracking()
            .Where(b => b.Organisation == upload.Organisation && b.Project == upload.Project && b.Sha256 == sha256)
            .OrderByDescending(b => b.CreatedAt).ToListAsync(cancellationToken);
        foreach (var blob in candidates)
        {
            if (await blobs.IsIntactAsync(blob, cancellationToken))
                return blob.Id;
        }
        return null;
    }

    private static Blob NewBlob(Upload upload, UploadFile file, DateTimeOffset now) => new()
    {
        Id = file.BlobId,
        Organisation = upload.Organisation,
        Project = upload.Project,
        Sha256 = file.Sha256!.Value,
        Size = file.Size,
        MessageId = file.MessageId!.Value,
        FrameRoot = file.FrameRoot!.Value,
        ObjectKeyId = file.ObjectKeyId,
        WrappedDataKey = file.WrappedDataKey,
        CreatedAt = now,
    };

    private SecurityEvent Pushed(Caller caller, string name, ModelVersion version, int files, long newBytes) =>
        events.By(caller, OcsfClass.DatastoreActivity, 5, "model.push", new EventResource("model-version", $"{name}@{version.Number}", version.Manifest),
            $"Pushed {name}@{version.Number}: {files} files, {version.TotalBytes} bytes.") with
        {
            Attributes = [("files", files), ("bytes", version.TotalBytes), ("new_bytes", newBytes)],
        };
}
