using Merlon.Kernel;
using Merlon.Registry.Contracts;
using Merlon.Registry.Model;
using Microsoft.EntityFrameworkCore;

namespace Merlon.Registry.Storage;

internal sealed class RegistryReader(RegistryDb db, BlobStore blobs) : IRegistry
{
    public async Task<Result<ModelVersionInfo>> FindAsync(Scope scope, ModelReference reference, CancellationToken cancellationToken)
    {
        var version = await Versions().SingleOrDefaultAsync(
            v => v.Model!.Organisation == scope.Organisation && v.Model.Project == scope.Project && v.Model.Name == reference.Name
                && v.Number == reference.Version,
            cancellationToken);
        return version is null ? Unknown(reference.ToString()) : Info(version);
    }

    public async Task<Result<ModelVersionInfo>> FindAsync(Guid versionId, CancellationToken cancellationToken)
    {
        var version = await Versions().SingleOrDefaultAsync(v => v.Id == versionId, cancellationToken);
        return version is null ? Unknown(versionId.ToString()) : Info(version);
    }

    public async Task<IReadOnlyList<(Guid Id, Scope Scope, DateTimeOffset CreatedAt)>> VersionIdsAsync(CancellationToken cancellationToken)
    {
        var rows = await db.Versions.AsNoTracking().OrderByDescending(v => v.CreatedAt).Select(v => new { v.Id, v.Model!.Organisation, v.Model.Project, v.CreatedAt }).ToListAsync(cancellationToken);
        return rows.ConvertAll(v => (v.Id, new Scope(v.Organisation, v.Project), v.CreatedAt));
    }

    public async Task<IArtifactReader> OpenAsync(Guid versionId, CancellationToken cancellationToken)
    {
        var files = await FilesAsync(versionId, cancellationToken);
        var keys = new Dictionary<Guid, byte[]>();
        foreach (var blob in files.Select(f => f.Blob!).DistinctBy(b => b.Id))
            keys.Add(blob.Id, await blobs.UnwrapAsync(blob, cancellationToken));
        return new SealedArtifactReader(blobs, files.ToDictionary(f => f.Path, f => f.Blob!, StringComparer.Ordinal), keys);
    }

    public async Task<IReadOnlyList<SealedFile>> SealedFilesAsync(Guid versionId, CancellationToken cancellationToken) =>
        [.. (await FilesAsync(versionId, cancellationToken)).OrderBy(f => f.Path, StringComparer.Ordinal).Select(f => new SealedFile(
            f.Path, f.Blob!.Size, f.Blob.Sha256, f.BlobId, f.Blob.RelativePath, f.Blob.MessageId, f.Blob.FrameRoot))];

    public async Task<IReadOnlyDictionary<Guid, byte[]>> ReleaseDataKeysAsync(Guid versionId, CancellationToken cancellationToken)
    {
        var keys = new Dictionary<Guid, byte[]>();
        foreach (var blob in (await FilesAsync(versionId, cancellationToken)).Select(f => f.Blob!).DistinctBy(b => b.Id))
            keys.Add(blob.Id, await blobs.UnwrapAsync(blob, cancellationToken));
        return keys;
    }

    internal static IReadOnlyList<ArtifactFile> FilesOf(ModelVersion version) =>
        [.. version.Files.OrderBy(f => f.Path, StringComparer.Ordinal).Select(f => new ArtifactFile(f.Path, f.Blob!.Size, f.Blob.Sha256))];

    internal static Refusal UnknownModel(string name) =>
        new(RefusalKind.NotFound, "model.unknown", $"There is no model '{Text.Printable(name, 63)}' in this project.") { Remedy = "See 'merlon model list'." };

    private static Refusal Unknown(string reference) =>
        new(RefusalKind.NotFound, "model.unknown", $"There is no version {Text.Printable(reference, 80)} in this project.") { Remedy = "See 'merlon model list'." };

    private IQueryable<ModelVersion> Versions() => db.Versions.AsNoTracking().AsSplitQuery()
        .Include(v => v.Model).Include(v => v.Files).ThenInclude(f => f.Blob);

    private Task<List<VersionFile>> FilesAsync(Guid versionId, CancellationToken cancellationToken) =>
        db.VersionFiles.AsNoTracking().Include(f => f.Blob).Where(f => f.VersionId == versionId).ToListAsync(cancellationToken);

    private static ModelVersionInfo Info(ModelVersion version) => new(
        version.Id, new Scope(version.Model!.Organisation, version.Model.Project), version.Model.Name, version.Number, version.Manifest, version.Author,
        version.CreatedAt, FilesOf(version));
}
