using System.Security.Cryptography;
using Merlon.App.Cli.Models;
using Merlon.Kernel;

namespace Merlon.App.Cli.Signing;

/// <summary>Hashes the files of a model on this machine.</summary>
internal static class LocalFiles
{
    /// <summary>All files below <paramref name="path"/> but <paramref name="except"/>, with their digests.</summary>
    public static IReadOnlyList<ArtifactFile> Hash(string path, string except)
    {
        var excluded = Path.GetFullPath(except);
        return [.. ModelFolder.Open(path).Files.Where(f => !string.Equals(f.FullPath, excluded, StringComparison.Ordinal)).Select(f =>
        {
            using var stream = File.OpenRead(f.FullPath);
            return new ArtifactFile(f.Path, f.Size, new Digest(SHA256.HashData(stream)));
        })];
    }
}
