using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Merlon.Keys;

/// <summary>
/// The header of an AWS Encryption SDK message, format version 2, algorithm suite 0x0478 (AES-256-GCM, HKDF-SHA512, key commitment, no signature).
/// <code>
///   version 02 ‖ suite 0478 ‖ message id (32) ‖ encryption context length 0000 ‖ encrypted data keys 0001
///   ‖ u16 provider id ‖ u16 key info ‖ u16 ciphertext ‖ content type 02 (framed) ‖ u32 frame length ‖ commitment (32) ‖ header tag (16)
/// </code>
/// The one encrypted data key names the slot in which the wrapped key lies; its ciphertext is a fixed mark. A wrapped key in the header could not be
/// rotated: the header tag has an all-zero nonce, so the same data key may authenticate one header only.
/// </summary>
internal sealed record MessageHeader(byte[] MessageId, byte[] SlotId, int FrameLength, byte[] Commitment, byte[] Body, byte[] Tag)
{
    internal const int MessageIdSize = 32;
    internal const int DataKeySize = 32;
    internal const int CommitmentSize = 32;
    private static readonly byte[] s_headerNonce = new byte[BoxAgreement.NonceSize];
    private static ReadOnlySpan<byte> Provider => "merlon"u8;
    private static ReadOnlySpan<byte> SlotMark => "slot"u8;

    internal int Size => Body.Length + Tag.Length;

    /// <summary>A new header with a random message id, and the key that seals the frames.</summary>
    internal static (MessageHeader Header, AesGcm Cipher) Create(ReadOnlySpan<byte> dataKey, ReadOnlySpan<byte> slotId)
    {
        if (slotId.Length is 0 or > Limits.MaxSlotId)
            throw new ArgumentException($"A slot id has 1 to {Limits.MaxSlotId} bytes.", nameof(slotId));
        var messageId = RandomNumberGenerator.GetBytes(MessageIdSize);
        var (cipher, commitment) = Derive(dataKey, messageId);
        using var body = new MemoryStream();
        body.Write([0x02, 0x04, 0x78]);
        body.Write(messageId);
        body.Write([0, 0, 0, 1]);
        WriteField(body, Provider);
        WriteField(body, slotId);
        WriteField(body, SlotMark);
        body.WriteByte(0x02);
        Span<byte> frameLength = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(frameLength, Limits.FrameLength);
        body.Write(frameLength);
        body.Write(commitment);
        var bytes = body.ToArray();
        var tag = new byte[BoxAgreement.TagSize];
        cipher.Encrypt(s_headerNonce, ReadOnlySpan<byte>.Empty, Span<byte>.Empty, tag, bytes);
        return (new MessageHeader(messageId, slotId.ToArray(), Limits.FrameLength, commitment, bytes, tag), cipher);
    }

    /// <summary>Takes a header apart; nothing in it is authentic before <see cref="Unlock"/>.</summary>
    /// <exception cref="InvalidDataException">Not a header of this form.</exception>
    internal static MessageHeader Parse(Stream source)
    {
        var reader = new HeaderReader(source);
        reader.Expect([0x02], "It is not an AWS Encryption SDK message of format version 2");
        reader.Expect([0x04, 0x78], "Its algorithm suite is not 0x0478");
        var messageId = reader.Take(MessageIdSize);
        reader.Expect([0, 0], "It carries an encryption context, which Merlon does not use");
        reader.Expect([0, 1], "It does not carry exactly one data key");
        reader.ExpectField(Provider, "Its key provider is not 'merlon'");
        var slotId = reader.TakeField();
        if (slotId.Length is 0 or > Limits.MaxSlotId)
            throw Malformed("Its slot id is empty or too long");
        reader.ExpectField(SlotMark, "Its data key is not a slot");
        reader.Expect([0x02], "It is not framed");
        var frameLength = BinaryPrimitives.ReadUInt32BigEndian(reader.Take(4));
        if (frameLength is 0 or > Limits.FrameLength)
            throw Malformed($"Its frame length {frameLength} is not between 1 and {Limits.FrameLength}");
        var commitment = reader.Take(CommitmentSize);
        var body = reader.Taken();
        return new MessageHeader(messageId, slotId, (int)frameLength, commitment, body, reader.Take(BoxAgreement.TagSize));
    }

    /// <summary>Proves the header with the data key (commitment, then tag) and returns the key of the frames.</summary>
    internal AesGcm Unlock(ReadOnlySpan<byte> dataKey)
    {
        var (cipher, commitment) = Derive(dataKey, MessageId);
        if (!CryptographicOperations.FixedTimeEquals(commitment, Commitment))
        {
            cipher.Dispose();
            throw new InvalidDataException("The sealed message was not sealed with this data key: its key commitment differs.");
        }
        try
        {
            cipher.Decrypt(s_headerNonce, ReadOnlySpan<byte>.Empty, Tag, Span<byte>.Empty, Body);
            return cipher;
        }
        catch (AuthenticationTagMismatchException exception)
        {
            cipher.Dispose();
            throw new InvalidDataException("The header of the sealed message was changed: its tag does not verify.", exception);
        }
    }

    internal static InvalidDataException Malformed(string what) => new($"The sealed message is not readable: {char.ToLowerInvariant(what[0])}{what[1..]}.");

    private static (AesGcm Cipher, byte[] Commitment) Derive(ReadOnlySpan<byte> dataKey, byte[] messageId)
    {
        if (dataKey.Length != DataKeySize)
            throw new ArgumentException($"A data key has {DataKeySize} bytes, not {dataKey.Length}.", nameof(dataKey));
        var input = dataKey.ToArray();
        var commitment = HKDF.DeriveKey(HashAlgorithmName.SHA512, input, CommitmentSize, messageId, "COMMITKEY"u8.ToArray());
        var key = HKDF.DeriveKey(HashAlgorithmName.SHA512, input, DataKeySize, messageId, [0x04, 0x78, .. "DERIVEKEY"u8]);
        var cipher = new AesGcm(key, BoxAgreement.TagSize);
        CryptographicOperations.ZeroMemory(key);
        CryptographicOperations.ZeroMemory(input);
        return (cipher, commitment);
    }

    private static void WriteField(MemoryStream body, ReadOnlySpan<byte> field)
    {
        body.WriteByte((byte)(field.Length >> 8));
        body.WriteByte((byte)field.Length);
        body.Write(field);
    }

    private sealed class HeaderReader(Stream source)
    {
        private readonly List<byte> _taken = [];

        internal byte[] Take(int count)
        {
            if (_taken.Count + count > Limits.MaxHeader)
                throw Malformed($"Its header is longer than {Limits.MaxHeader} bytes");
            var bytes = new byte[count];
            if (source.ReadAtLeast(bytes, count, throwOnEndOfStream: false) < count)
                throw Malformed("It ends inside its header");
            _taken.AddRange(bytes);
            return bytes;
        }

        internal byte[] TakeField() => Take(BinaryPrimitives.ReadUInt16BigEndian(Take(2)));

        internal void Expect(ReadOnlySpan<byte> expected, string otherwise)
        {
            if (!Take(expected.Length).AsSpan().SequenceEqual(expected))
                throw Malformed(otherwise);
        }

        internal void ExpectField(ReadOnlySpan<byte> expected, string otherwise)
        {
            if (!TakeField().AsSpan().SequenceEqual(expected))
                throw Malformed(otherwise);
        }

        internal byte[] Taken() => [.. _taken];
    }
}
