using System.Buffers.Binary;

namespace Merlon.Keys;

/// <summary>
/// Bytes sealed to a P-256 public key: anyone may seal, only the private key opens. Ephemeral ECDH, HKDF-SHA256, AES-256-GCM; the context text
/// is bound into the key, so a message sealed for one purpose does not open for another.
/// </summary>
public static class SealedBox
{
    internal const byte Version = 1;
    internal const int PrefixSize = 1 + BoxAgreement.PointSize + 8;

    /// <summary>Bytes that a message is longer than its content.</summary>
    public const int Overhead = PrefixSize + BoxAgreement.TagSize;

    /// <summary>Seals to the SPKI key <paramref name="recipient"/>.</summary>
    public static byte[] Seal(ReadOnlySpan<byte> recipient, string context, ReadOnlySpan<byte> plaintext, ReadOnlySpan<byte> associatedData = default)
    {
        using var sender = new SealedBoxSender(recipient, context);
        return sender.SealMessage(plaintext, associatedData);
    }

    /// <summary>Opens a message of <see cref="Seal"/> or <see cref="SealedBoxSender.SealMessage"/> with the PKCS#8 key.</summary>
    /// <exception cref="InvalidDataException">The message is malformed, changed, or sealed to another key, context or associated data.</exception>
    public static byte[] Open(ReadOnlySpan<byte> privateKey, string context, ReadOnlySpan<byte> message, ReadOnlySpan<byte> associatedData = default)
    {
        if (message.Length < Overhead)
            throw new InvalidDataException($"A sealed message has at least {Overhead} bytes; this one has {message.Length}.");
        if (message[0] != Version)
            throw new InvalidDataException($"The sealed message has version {message[0]}; only {Version} is known.");
        using var receiver = new SealedBoxReceiver(privateKey, message.Slice(1, BoxAgreement.PointSize), context);
        var plaintext = new byte[message.Length - Overhead];
        var counter = BinaryPrimitives.ReadUInt64BigEndian(message[(1 + BoxAgreement.PointSize)..]);
        return receiver.TryOpen(counter, message[PrefixSize..], associatedData, plaintext)
            ? plaintext
            : throw new InvalidDataException("The sealed message does not open: it was changed, or sealed to another key or purpose.");
    }
}
