using Merlon.Kernel;
using Merlon.Registry.Model;

namespace Merlon.Registry.Storage;

/// <summary>A version's files, read from their sealed form.</summary>
internal sealed class SealedArtifactReader(BlobStore blobs, IReadOnlyDictionary<string, Blob> files, IReadOnlyDictionary<Guid, byte[]> keys) : IArtifactReader
{
    public Stream OpenFile(string path) => files.TryGetValue(path, out var blob)
        ? blobs.OpenSealed(blob, keys[blob.Id])
        : throw new InvalidDataException($"The artifact has no file '{Text.Printable(path, 200)}'.");
}
