using System.Security.Cryptography;
using Merlon.Kernel;
using Merlon.Keys;
using Merlon.Registry.Contracts;

namespace Merlon.Serving.Node;

/// <summary>A version's sealed files with the data keys that were released for it; the keys are forgotten on dispose.</summary>
internal sealed class SealedArtifact(string blobDirectory, IReadOnlyList<SealedFile> files, IReadOnlyDictionary<Guid, byte[]> keys) : IArtifactReader, IDisposable
{
    public IReadOnlyList<ArtifactFile> Files { get; } = [.. files.Select(f => new ArtifactFile(f.Path, f.Size, f.Sha256))];

    public Stream OpenFile(string path)
    {
        var file = files.FirstOrDefault(f => string.Equals(f.Path, path, StringComparison.Ordinal))
            ?? throw new InvalidDataException($"The artifact has no file '{Text.Printable(path, 200)}'.");
        if (!keys.TryGetValue(file.BlobId, out var key))
            throw new InvalidDataException($"No data key was released for the file '{Text.Printable(path, 200)}'.");
        var source = BlobFile.Open(blobDirectory, file.BlobPath);
        try
        {
            return SealedReader.Open(source, key, new SealInfo(file.MessageId, file.Size, file.FrameRoot, file.Sha256));
        }
        catch
        {
            source.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        foreach (var key in keys.Values)
            CryptographicOperations.ZeroMemory(key);
    }
}
