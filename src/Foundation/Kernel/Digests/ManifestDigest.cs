using System.Security.Cryptography;
using System.Text;

namespace Merlon.Kernel;

/// <summary>
/// The one name of an artifact: SHA-256 over the line <c>merlon.manifest.v1\n</c> and, for each file in the ordinal order of its path's UTF-8
/// bytes, <c>path \0 size \0 sha256-hex \n</c>. It covers paths, sizes and contents, and nothing else.
/// </summary>
public static class ManifestDigest
{
    /// <summary>The digest of <paramref name="files"/>, in whatever order they come.</summary>
    /// <exception cref="ArgumentException">Two files have the same path, or a path holds NUL or a line break and could forge another line.</exception>
    public static Digest Compute(IEnumerable<ArtifactFile> files)
    {
        var ordered = files.Select(file => (Path: Encoding.UTF8.GetBytes(file.Path), File: file)).ToArray();
        Array.Sort(ordered, static (left, right) => left.Path.AsSpan().SequenceCompareTo(right.Path));

        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData("merlon.manifest.v1\n"u8);
        for (var i = 0; i < ordered.Length; i++)
        {
            var (path, file) = ordered[i];
            // INVARIANT: no two lists of files have the same bytes. The separators may therefore not occur inside a path.
            if (path.AsSpan().ContainsAny((byte)0, (byte)'\n'))
                throw new ArgumentException("A path holds NUL or a line break.", nameof(files));
            if (i > 0 && path.AsSpan().SequenceEqual(ordered[i - 1].Path))
                throw new ArgumentException("Two files have the same path.", nameof(files));
            hash.AppendData(path);
            hash.AppendData(Encoding.ASCII.GetBytes(string.Create(System.Globalization.CultureInfo.InvariantCulture, $"\0{file.Size}\0{file.Sha256.Hex}\n")));
        }
        return new Digest(hash.GetHashAndReset());
    }
}
