using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Merlon.Keys;

/// <summary>
/// The key agreement behind <see cref="SealedBox"/>: key = HKDF-SHA256(ikm = x-coordinate of ECDH, salt = ephemeral point ‖ recipient point,
/// info = context), in the manner of ECIES. Binding both points keeps a message from being re-addressed.
/// </summary>
internal static class BoxAgreement
{
    /// <summary>An uncompressed P-256 point: 0x04 ‖ x ‖ y.</summary>
    internal const int PointSize = 65;
    internal const int KeySize = 32;
    internal const int NonceSize = 12;
    internal const int TagSize = 16;

    internal static byte[] DeriveKey(ECDiffieHellman own, ECDiffieHellmanPublicKey other, ReadOnlySpan<byte> ephemeral, ReadOnlySpan<byte> recipient, string context)
    {
        var shared = own.DeriveRawSecretAgreement(other);
        try
        {
            Span<byte> salt = stackalloc byte[2 * PointSize];
            ephemeral.CopyTo(salt);
            recipient.CopyTo(salt[PointSize..]);
            var key = new byte[KeySize];
            HKDF.DeriveKey(HashAlgorithmName.SHA256, shared, key, salt, Encoding.UTF8.GetBytes(context));
            return key;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(shared);
        }
    }

    internal static byte[] Point(ECDiffieHellmanPublicKey key)
    {
        var parameters = key.ExportParameters();
        if (parameters.Q.X is not { Length: 32 } x || parameters.Q.Y is not { Length: 32 } y)
            throw new CryptographicException("The recipient's key is not on P-256.");
        var point = new byte[PointSize];
        point[0] = 4;
        x.CopyTo(point, 1);
        y.CopyTo(point, 33);
        return point;
    }

    /// <summary>Reads a point; the import rejects points that are not on the curve.</summary>
    internal static ECDiffieHellman FromPoint(ReadOnlySpan<byte> point)
    {
        if (point.Length != PointSize || point[0] != 4)
            throw new InvalidDataException("A sealed message begins with an uncompressed P-256 point, and this one does not.");
        try
        {
            return ECDiffieHellman.Create(new ECParameters
            {
                Curve = ECCurve.NamedCurves.nistP256,
                Q = new ECPoint { X = point[1..33].ToArray(), Y = point[33..].ToArray() },
            });
        }
        catch (CryptographicException exception)
        {
            throw new InvalidDataException("The ephemeral key of a sealed message is not a point on P-256.", exception);
        }
    }

    internal static void WriteNonce(Span<byte> nonce, ulong counter)
    {
        nonce[..4].Clear();
        BinaryPrimitives.WriteUInt64BigEndian(nonce[4..], counter);
    }
}
