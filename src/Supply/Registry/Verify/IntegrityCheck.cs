using System.Buffers;
using System.Security.Cryptography;
using Merlon.Kernel;

namespace Merlon.Registry.Verify;

/// <summary>Re-hashes one file from its sealed form.</summary>
internal static class IntegrityCheck
{
    private const int BufferSize = 1 << 20;

    public static async Task<VerifyEndpoints.FileResult> FileAsync(IArtifactReader artifact, ArtifactFile file, CancellationToken cancellationToken)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(BufferSize);
        try
        {
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            await using var stream = artifact.OpenFile(file.Path);
            int read;
            while ((read = await stream.ReadAsync(buffer.AsMemory(0, BufferSize), cancellationToken)) > 0)
                hash.AppendData(buffer, 0, read);
            return new Digest(hash.GetHashAndReset()) == file.Sha256
                ? new VerifyEndpoints.FileResult(file.Path, true, null)
                : new VerifyEndpoints.FileResult(file.Path, false, "The content is not the one that was pushed.");
        }
        catch (Exception e) when (e is InvalidDataException or IOException or CryptographicException)
        {
            return new VerifyEndpoints.FileResult(file.Path, false, e.Message);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(buffer);
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
