using System.Security.Cryptography;
using System.Runtime.InteropServices;

namespace Merlon.Keys;

/// <summary>Ed25519 signatures (RFC 8032, pure), through libcrypto because .NET 10 has none. Safe for concurrent use.</summary>
public static unsafe class Ed25519
{
    /// <summary>Bytes of a private seed.</summary>
    public const int SeedSize = 32;

    /// <summary>Bytes of a public key.</summary>
    public const int PublicKeySize = 32;

    /// <summary>Bytes of a signature.</summary>
    public const int SignatureSize = 64;

    /// <summary>A new random private seed. The caller clears it after use.</summary>
    public static byte[] GenerateSeed() => RandomNumberGenerator.GetBytes(SeedSize);

    /// <summary>The public key of <paramref name="seed"/>.</summary>
    public static byte[] PublicKey(ReadOnlySpan<byte> seed)
    {
        var key = PrivateKey(seed);
        try
        {
            var result = new byte[PublicKeySize];
            nuint length = PublicKeySize;
            fixed (byte* destination = result)
                Require(LibCrypto.EVP_PKEY_get_raw_public_key(key, destination, &length) == 1 && length == PublicKeySize);
            return result;
        }
        finally
        {
            LibCrypto.EVP_PKEY_free(key);
        }
    }

    /// <summary>Signs <paramref name="message"/>; the result has 64 bytes and is deterministic.</summary>
    public static byte[] Sign(ReadOnlySpan<byte> seed, ReadOnlySpan<byte> message)
    {
        var key = PrivateKey(seed);
        var context = LibCrypto.EVP_MD_CTX_new();
        try
        {
            Require(context != 0 && LibCrypto.EVP_DigestSignInit(context, 0, 0, 0, key) == 1);
            var signature = new byte[SignatureSize];
            nuint length = SignatureSize;
            fixed (byte* destination = signature)
            fixed (byte* data = &MemoryMarshal.GetReference(message))
                Require(LibCrypto.EVP_DigestSign(context, destination, &length, data, (nuint)message.Length) == 1 && length == SignatureSize);
            return signature;
        }
        finally
        {
            LibCrypto.EVP_MD_CTX_free(context);
            LibCrypto.EVP_PKEY_free(key);
        }
    }

    /// <summary>True only for a valid signature. A key or signature of the wrong length is simply not valid.</summary>
    public static bool Verify(ReadOnlySpan<byte> publicKey, ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature)
    {
        if (publicKey.Length != PublicKeySize || signature.Length != SignatureSize)
            return false;
        nint key;
        fixed (byte* bytes = publicKey)
            key = LibCrypto.EVP_PKEY_new_raw_public_key(LibCrypto.Ed25519Type, 0, bytes, PublicKeySize);
        var context = LibCrypto.EVP_MD_CTX_new();
        try
        {
            Require(context != 0);
            if (key == 0 || LibCrypto.EVP_DigestVerifyInit(context, 0, 0, 0, key) != 1)
                return false;
            fixed (byte* expected = signature)
            fixed (byte* data = &MemoryMarshal.GetReference(message))
                return LibCrypto.EVP_DigestVerify(context, expected, SignatureSize, data, (nuint)message.Length) == 1;
        }
        finally
        {
            LibCrypto.EVP_MD_CTX_free(context);
            LibCrypto.EVP_PKEY_free(key);
            LibCrypto.ERR_clear_error();
        }
    }

    private static nint PrivateKey(ReadOnlySpan<byte> seed)
    {
        if (seed.Length != SeedSize)
            throw new ArgumentException($"An Ed25519 seed has {SeedSize} bytes, not {seed.Length}.", nameof(seed));
        fixed (byte* bytes = seed)
        {
            var key = LibCrypto.EVP_PKEY_new_raw_private_key(LibCrypto.Ed25519Type, 0, bytes, SeedSize);
            Require(key != 0);
            return key;
        }
    }

    private static void Require(bool succeeded)
    {
        if (succeeded)
            return;
        LibCrypto.ERR_clear_error();
        throw new CryptographicException("libcrypto refused an Ed25519 operation.");
    }
}
