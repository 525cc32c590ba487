using System.Buffers.Binary;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;

namespace Merlon.Access.People;

/// <summary>
/// Passwords that attackers try first, from the breaches of others. Kept as sorted 64-bit prefixes of their SHA-256 (3.5 MB instead of 30): a chance
/// match refuses a good password once in 10^13 times.
/// </summary>
internal static class CommonPasswords
{
    private const string Resource = "passwords.txt.gz";
    private static readonly Lazy<ulong[]> s_known = new(Read);

    /// <summary>Is it on the list, as it is, in lower case, or without the digits and signs that people add to its ends?</summary>
    public static bool Contains(string password)
    {
        var lower = password.ToLowerInvariant();
        return Known(password) || Known(lower) || (Core(lower) is { Length: >= 4 } core && core.Length * 2 >= lower.Length && Known(core));
    }

    private static string Core(string text) => text.Trim([.. text.Where(c => !char.IsAsciiLetter(c)).Distinct()]);

    private static bool Known(string text) => Array.BinarySearch(s_known.Value, HashOf(text)) >= 0;

    private static ulong HashOf(string text) => BinaryPrimitives.ReadUInt64LittleEndian(SHA256.HashData(Encoding.UTF8.GetBytes(text)));

    private static ulong[] Read()
    {
        using var stream = typeof(CommonPasswords).Assembly.GetManifestResourceStream(Resource) ?? throw new InvalidOperationException("The list of common passwords is not part of this program.");
        using var reader = new StreamReader(new GZipStream(stream, CompressionMode.Decompress));
        var hashes = new List<ulong>(450_000);
        while (reader.ReadLine() is { } line)
            hashes.Add(HashOf(line));
        hashes.Sort();
        return [.. hashes];
    }
}
