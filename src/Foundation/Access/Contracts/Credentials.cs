using System.Buffers.Text;
using System.Security.Cryptography;
using Merlon.Kernel;

namespace Merlon.Access.Contracts;

/// <summary>
/// A random credential in its text form <c>prefix_id_secret</c>: the id (96 bits, hexadecimal) is public and used for look-up; the secret (256 bits,
/// base64url) is stored only as SHA-256 (a slow hash would add nothing: it cannot be guessed).
/// </summary>
public sealed record Credential(string Id, string Text, Digest SecretHash)
{
    public const string ApiKeyPrefix = "mk";
    public const string TokenPrefix = "mt";
    public const string SessionPrefix = "ms";

    private const int IdBytes = 12;
    private const int SecretBytes = 32;
    private const int SecretLength = 43;

    public static Credential Mint(string prefix)
    {
        var id = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(IdBytes));
        var (text, hash) = Renew(prefix, id);
        return new Credential(id, text, hash);
    }

    /// <summary>A new secret for an id that there is already.</summary>
    internal static (string Text, Digest SecretHash) Renew(string prefix, string id)
    {
        var secret = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(SecretBytes));
        return ($"{prefix}_{id}_{secret}", HashSecret(secret));
    }

    /// <summary>Splits a text form. False for anything that could not have been minted; says nothing about whether it is known.</summary>
    public static bool TryParse(string prefix, string? text, out string id, out Digest secretHash)
    {
        id = "";
        secretHash = default;
        var length = prefix.Length + 1 + (2 * IdBytes) + 1 + SecretLength;
        if (text is null || text.Length != length || !text.StartsWith(prefix, StringComparison.Ordinal) || text[prefix.Length] != '_')
            return false;
        var idText = text.AsSpan(prefix.Length + 1, 2 * IdBytes);
        var secret = text.AsSpan(prefix.Length + 2 + (2 * IdBytes));
        if (text[prefix.Length + 1 + (2 * IdBytes)] != '_' || !IsHex(idText) || !Base64Url.IsValid(secret))
            return false;
        id = idText.ToString();
        secretHash = HashSecret(secret.ToString());
        return true;
    }

    /// <summary>Compares in constant time.</summary>
    public static bool Matches(Digest stored, Digest presented)
    {
        Span<byte> a = stackalloc byte[Digest.Size], b = stackalloc byte[Digest.Size];
        stored.CopyTo(a);
        presented.CopyTo(b);
        return CryptographicOperations.FixedTimeEquals(a, b);
    }

    // The hash is over the ASCII text of the secret.
    private static Digest HashSecret(string secret) => Digest.Of(System.Text.Encoding.ASCII.GetBytes(secret));

    private static bool IsHex(ReadOnlySpan<char> text) => !text.ContainsAnyExcept("0123456789abcdef");

    // Keeps the secret out of logs that print records.
    public override string ToString() => $"credential {Id}";
}
