using System.Security.Cryptography;

namespace Merlon.Keys;

/// <summary>A P-256 key pair in the encodings that are stored: PKCS#8 for the private key, SPKI for the public key (both DER).</summary>
public sealed class P256KeyPair : IDisposable
{
    private readonly byte[] _pkcs8;

    private P256KeyPair(byte[] pkcs8, byte[] spki)
    {
        _pkcs8 = pkcs8;
        PublicKey = spki;
    }

    /// <summary>PKCS#8, to be wrapped by a keyring. Zero after dispose.</summary>
    public ReadOnlyMemory<byte> PrivateKey => _pkcs8;

    /// <summary>SPKI; may be given to anyone.</summary>
    public ReadOnlyMemory<byte> PublicKey { get; }

    /// <summary>A new random pair.</summary>
    public static P256KeyPair Generate()
    {
        using var key = ECDiffieHellman.Create(ECCurve.NamedCurves.nistP256);
        return new P256KeyPair(key.ExportPkcs8PrivateKey(), key.ExportSubjectPublicKeyInfo());
    }

    /// <summary>The pair of a stored private key.</summary>
    /// <exception cref="CryptographicException">Not a PKCS#8 elliptic-curve key.</exception>
    public static P256KeyPair FromPrivateKey(ReadOnlySpan<byte> pkcs8)
    {
        using var key = ECDiffieHellman.Create();
        key.ImportPkcs8PrivateKey(pkcs8, out _);
        return new P256KeyPair(pkcs8.ToArray(), key.ExportSubjectPublicKeyInfo());
    }

    public void Dispose() => CryptographicOperations.ZeroMemory(_pkcs8);

    public override string ToString() => nameof(P256KeyPair);
}
