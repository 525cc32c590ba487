using System.Security.Cryptography;
using System.Text;

namespace Merlon.Signing.Bundle;

/// <summary>Constants of the OpenSSF Model Signing format (spec v1.0) and the Sigstore bundle that carries it.</summary>
internal static class SignatureFormat
{
    public const string BundleMediaType = "application/vnd.dev.sigstore.bundle.v0.3+json";
    public const string StatementType = "https://in-toto.io/Statement/v1";
    public const string PredicateType = "https://model_signing/signature/v1.0";
    public const string Method = "files";
    public const string HashType = "sha256";

    /// <summary>The hash that goes with each curve of the format; null for a curve that it does not allow.</summary>
    public static HashAlgorithmName? HashFor(ECDsa key) => key.KeySize switch
    {
        256 => HashAlgorithmName.SHA256,
        384 => HashAlgorithmName.SHA384,
        521 => HashAlgorithmName.SHA512,
        _ => null,
    };

    /// <summary>Hex SHA-256 of the PEM text of the public key (SPKI), with the final newline that common tools write.</summary>
    public static string KeyHint(ECDsa key) => Kernel.Digest.Of(Encoding.ASCII.GetBytes(key.ExportSubjectPublicKeyInfoPem() + "\n")).Hex;
}
