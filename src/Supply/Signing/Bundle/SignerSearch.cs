using System.Security.Cryptography;
using Merlon.Kernel;
using Merlon.Signing.Contracts;

namespace Merlon.Signing.Bundle;

/// <summary>Which of the trusted keys made a signature. Neither hint nor key id is asked: only the key that verifies.</summary>
internal static class SignerSearch
{
    public static Result<(string Name, string Id)> Find(string payloadType, ReadOnlySpan<byte> payload, byte[] signature, IReadOnlyList<TrustedKey> trusted)
    {
        if (trusted.Count == 0)
            return new Refusal(RefusalKind.Blocked, "signature.no-keys", "No key is trusted to sign.") { Remedy = "Name one: --key FILE, or trusted_keys in the policy." };
        var message = Dsse.PreAuthenticationEncoding(payloadType, payload);
        foreach (var candidate in trusted)
        {
            using var key = ECDsa.Create();
            try
            {
                key.ImportFromPem(candidate.Pem);
            }
            catch (Exception e) when (e is ArgumentException or CryptographicException)
            {
                return new Refusal(RefusalKind.Invalid, "signature.key", $"The trusted key '{Text.Printable(candidate.Name, 80)}' is not a PEM public key on P-256, P-384 or P-521.");
            }
            if (SignatureFormat.HashFor(key) is { } hash && key.VerifyData(message, signature, hash, DSASignatureFormat.Rfc3279DerSequence))
                return (candidate.Name, SignatureFormat.KeyHint(key));
        }
        return new Refusal(RefusalKind.Blocked, "signature.untrusted", "The signature was not made by a trusted key, or the signed content was changed.");
    }
}
