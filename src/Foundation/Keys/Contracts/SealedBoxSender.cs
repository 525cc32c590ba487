using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Merlon.Keys;

/// <summary>
/// Seals many messages to one recipient after one key agreement. The ephemeral private key is forgotten at once, so this object can seal but
/// never open, and after the process ends nobody but the recipient can. Safe for concurrent use.
/// INVARIANT: a counter is used once; it only rises and lives as long as the ephemeral key, so a nonce never repeats under one key.
/// </summary>
public sealed class SealedBoxSender : IDisposable
{
    private readonly Lock _lock = new();
    private readonly AesGcm _cipher;
    private readonly byte[] _ephemeral;
    private ulong _counter;

    /// <param name="recipient">The recipient's P-256 public key, SPKI DER.</param>
    /// <param name="context">What the messages are for; opening needs the same text.</param>
    /// <exception cref="CryptographicException">Not a P-256 public key.</exception>
    public SealedBoxSender(ReadOnlySpan<byte> recipient, string context)
    {
        using var other = ECDiffieHellman.Create();
        other.ImportSubjectPublicKeyInfo(recipient, out _);
        var recipientPoint = BoxAgreement.Point(other.PublicKey);
        using var own = ECDiffieHellman.Create(ECCurve.NamedCurves.nistP256);
        _ephemeral = BoxAgreement.Point(own.PublicKey);
        var key = BoxAgreement.DeriveKey(own, other.PublicKey, _ephemeral, recipientPoint, context);
        _cipher = new AesGcm(key, BoxAgreement.TagSize);
        CryptographicOperations.ZeroMemory(key);
    }

    /// <summary>Bytes that sealing adds in <see cref="Seal"/>.</summary>
    public const int TagSize = BoxAgreement.TagSize;

    /// <summary>Bytes of the ephemeral public key (an uncompressed P-256 point).</summary>
    public const int EphemeralSize = BoxAgreement.PointSize;

    /// <summary>What the recipient needs besides the private key.</summary>
    public ReadOnlyMemory<byte> Ephemeral => _ephemeral;

    /// <summary>The counter that the next <see cref="Seal"/> uses, for a caller who alone seals and binds it into the associated data.</summary>
    public ulong NextCounter
    {
        get
        {
            lock (_lock)
                return _counter;
        }
    }

    /// <summary>Writes ciphertext and tag (<paramref name="plaintext"/> length + 16) and returns the counter with which it is opened.</summary>
    public ulong Seal(ReadOnlySpan<byte> plaintext, ReadOnlySpan<byte> associatedData, Span<byte> destination)
    {
        Span<byte> nonce = stackalloc byte[BoxAgreement.NonceSize];
        lock (_lock)
        {
            var counter = _counter++;
            BoxAgreement.WriteNonce(nonce, counter);
            _cipher.Encrypt(nonce, plaintext, destination[..plaintext.Length], destination.Slice(plaintext.Length, TagSize), associatedData);
            return counter;
        }
    }

    /// <summary>A self-contained message: version (1) ‖ ephemeral point (65) ‖ counter (8) ‖ ciphertext ‖ tag (16).</summary>
    public byte[] SealMessage(ReadOnlySpan<byte> plaintext, ReadOnlySpan<byte> associatedData)
    {
        var message = new byte[SealedBox.Overhead + plaintext.Length];
        message[0] = SealedBox.Version;
        _ephemeral.CopyTo(message, 1);
        var counter = Seal(plaintext, associatedData, message.AsSpan(SealedBox.PrefixSize));
        BinaryPrimitives.WriteUInt64BigEndian(message.AsSpan(1 + EphemeralSize), counter);
        return message;
    }

    public void Dispose() => _cipher.Dispose();
}
