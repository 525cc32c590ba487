using Merlon.Kernel;

namespace Merlon.Registry.Contracts;

/// <summary>One immutable version of a model.</summary>
public sealed record ModelVersionInfo(
    Guid Id, Scope Scope, string Model, int Number, Digest Manifest, string Author, DateTimeOffset CreatedAt, IReadOnlyList<ArtifactFile> Files)
{
    public ModelReference Reference => new(Model, Number);
    public long TotalBytes => Files.Sum(f => f.Size);
}

/// <summary>Where one file of a version lies sealed, and what must be true of it. Holds no key.</summary>
/// <param name="BlobPath">Path of the sealed file, relative to the blob folder.</param>
/// <param name="MessageId">The 32 random bytes that name the sealed message: another message under the same name is refused.</param>
/// <param name="FrameRoot">Merkle root over the tags of the sealed frames.</param>
public sealed record SealedFile(string Path, long Size, Digest Sha256, Guid BlobId, string BlobPath, Digest MessageId, Digest FrameRoot);

/// <summary>Models and their versions, for the modules that judge and serve them.</summary>
public interface IRegistry
{
    Task<Result<ModelVersionInfo>> FindAsync(Scope scope, ModelReference reference, CancellationToken cancellationToken);

    Task<Result<ModelVersionInfo>> FindAsync(Guid versionId, CancellationToken cancellationToken);

    /// <summary>The versions of all projects, newest first.</summary>
    Task<IReadOnlyList<(Guid Id, Scope Scope, DateTimeOffset CreatedAt)>> VersionIdsAsync(CancellationToken cancellationToken);

    /// <summary>Opens the version for reading in authenticated frames. Nothing is decrypted before it is asked for.</summary>
    Task<IArtifactReader> OpenAsync(Guid versionId, CancellationToken cancellationToken);

    Task<IReadOnlyList<SealedFile>> SealedFilesAsync(Guid versionId, CancellationToken cancellationToken);

    /// <summary>The data keys of a version's files by blob id. The caller has checked that this release is allowed, and records it.</summary>
    Task<IReadOnlyDictionary<Guid, byte[]>> ReleaseDataKeysAsync(Guid versionId, CancellationToken cancellationToken);
}
