using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Merlon.Kernel;

namespace Merlon.Access.Contracts;

/// <summary>
/// How a workload renews by itself: its present certificate, a request for a new key, and a signature of the present key over both. It holds through proxies
/// that end TLS, and names what it is for, so that it cannot be used for anything else.
/// </summary>
public static class RenewalProof
{
    /// <summary>How far the clocks of workload and control may be apart, and how long a proof is good.</summary>
    public static readonly TimeSpan MaxAge = TimeSpan.FromMinutes(5);

    /// <summary>The signature (ECDSA, SHA-256, base64url of r and s) over the trust domain, the time and the request.</summary>
    public static string Sign(ECDsa key, string trustDomain, DateTimeOffset at, string csr) => Base64Url.EncodeToString(key.SignData(Statement(trustDomain, at, csr), HashAlgorithmName.SHA256));

    internal static bool Holds(X509Certificate2 certificate, string trustDomain, DateTimeOffset at, string csr, string? signature, DateTimeOffset now)
    {
        if (at < now - MaxAge || at > now + MaxAge || signature is not { Length: < 200 } || !Base64Url.IsValid(signature))
            return false;
        using var key = certificate.GetECDsaPublicKey();
        return key is not null && key.VerifyData(Statement(trustDomain, at, csr), Base64Url.DecodeFromChars(signature), HashAlgorithmName.SHA256);
    }

    private static byte[] Statement(string trustDomain, DateTimeOffset at, string csr) => Encoding.UTF8.GetBytes(
        string.Create(CultureInfo.InvariantCulture, $"merlon workload renewal v1\n{trustDomain}\n{at.ToUnixTimeSeconds()}\n{Digest.Of(Encoding.UTF8.GetBytes(csr))}\n"));
}
