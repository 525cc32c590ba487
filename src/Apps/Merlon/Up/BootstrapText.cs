using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Merlon.App.Up;

/// <summary>The text of a bootstrap code: the code itself, a dot, and the first 16 bytes of the SHA-256 of the CA's certificate, both in base64url.</summary>
internal static class BootstrapText
{
    private const int FingerprintBytes = 16;

    public static string Compose(string code, string caPem) => $"{code}.{Base64Url.EncodeToString(Fingerprint(caPem))}";

    public static bool TryParse(string text, out string code, [NotNullWhen(true)] out byte[]? fingerprint)
    {
        fingerprint = null;
        var dot = text.IndexOf('.', StringComparison.Ordinal);
        code = dot > 0 ? text[..dot].Trim() : "";
        if (dot <= 0 || !Base64Url.IsValid(text.AsSpan(dot + 1).Trim(), out var length) || length != FingerprintBytes)
            return false;
        fingerprint = Base64Url.DecodeFromChars(text.AsSpan(dot + 1).Trim());
        return true;
    }

    public static bool Matches(string caPem, byte[] fingerprint)
    {
        try
        {
            return CryptographicOperations.FixedTimeEquals(Fingerprint(caPem), fingerprint);
        }
        catch (CryptographicException)
        {
            return false;
        }
    }

    private static byte[] Fingerprint(string caPem)
    {
        using var certificate = X509Certificate2.CreateFromPem(caPem);
        return SHA256.HashData(certificate.RawData)[..FingerprintBytes];
    }
}
