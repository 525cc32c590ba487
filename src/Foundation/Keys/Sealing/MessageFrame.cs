using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Merlon.Keys;

/// <summary>
/// Frames of the message format: <c>[FFFFFFFF] ‖ u32 sequence ‖ IV (12) ‖ [u32 length] ‖ ciphertext ‖ tag (16)</c>, the bracketed parts only in the final
/// frame. Sequences begin at 1; IV = 8 zero bytes ‖ sequence; AAD = message id ‖ content text ‖ sequence ‖ u64 length.
/// </summary>
internal static class MessageFrame
{
    internal const int Overhead = 4 + 12 + 16;
    internal const int FinalOverhead = Overhead + 8;
    internal const int RegularPrefix = 16;
    internal const int FinalPrefix = 24;
    internal const uint FinalMark = uint.MaxValue;
    private static ReadOnlySpan<byte> Regular => "AWSKMSEncryptionClient Frame"u8;
    private static ReadOnlySpan<byte> Final => "AWSKMSEncryptionClient Final Frame"u8;

    /// <summary>Seals into <paramref name="destination"/> and returns the bytes used; the last 16 are the tag.</summary>
    internal static int Seal(AesGcm cipher, byte[] messageId, uint sequence, bool final, ReadOnlySpan<byte> plaintext, Span<byte> destination)
    {
        var prefix = final ? FinalPrefix : RegularPrefix;
        WritePrefix(destination, sequence, final, plaintext.Length);
        var iv = destination.Slice(final ? 8 : 4, BoxAgreement.NonceSize);
        Span<byte> aad = stackalloc byte[MessageHeader.MessageIdSize + 34 + 12];
        aad = Aad(messageId, sequence, final, plaintext.Length, aad);
        cipher.Encrypt(iv, plaintext, destination.Slice(prefix, plaintext.Length), destination.Slice(prefix + plaintext.Length, BoxAgreement.TagSize), aad);
        return prefix + plaintext.Length + BoxAgreement.TagSize;
    }

    /// <summary>Opens a frame whose bytes are exactly <paramref name="frame"/>. False when it is not that frame of that message.</summary>
    internal static bool TryOpen(AesGcm cipher, byte[] messageId, uint sequence, bool final, ReadOnlySpan<byte> frame, Span<byte> plaintext)
    {
        var prefix = final ? FinalPrefix : RegularPrefix;
        Span<byte> expected = stackalloc byte[FinalPrefix];
        WritePrefix(expected, sequence, final, plaintext.Length);
        if (frame.Length != prefix + plaintext.Length + BoxAgreement.TagSize || !frame.StartsWith(expected[..prefix]))
            return false;
        Span<byte> aad = stackalloc byte[MessageHeader.MessageIdSize + 34 + 12];
        aad = Aad(messageId, sequence, final, plaintext.Length, aad);
        try
        {
            cipher.Decrypt(expected.Slice(final ? 8 : 4, BoxAgreement.NonceSize), frame[prefix..^BoxAgreement.TagSize], frame[^BoxAgreement.TagSize..], plaintext, aad);
            return true;
        }
        catch (AuthenticationTagMismatchException)
        {
            return false;
        }
    }

    private static void WritePrefix(Span<byte> destination, uint sequence, bool final, int length)
    {
        if (final)
        {
            BinaryPrimitives.WriteUInt32BigEndian(destination, FinalMark);
            destination = destination[4..];
        }
        BinaryPrimitives.WriteUInt32BigEndian(destination, sequence);
        destination[4..12].Clear();
        BinaryPrimitives.WriteUInt32BigEndian(destination[12..], sequence);
        if (final)
            BinaryPrimitives.WriteInt32BigEndian(destination[16..], length);
    }

    private static Span<byte> Aad(byte[] messageId, uint sequence, bool final, int length, Span<byte> buffer)
    {
        var content = final ? Final : Regular;
        messageId.CopyTo(buffer);
        content.CopyTo(buffer[messageId.Length..]);
        var rest = buffer[(messageId.Length + content.Length)..];
        BinaryPrimitives.WriteUInt32BigEndian(rest, sequence);
        BinaryPrimitives.WriteInt64BigEndian(rest[4..], length);
        return buffer[..(messageId.Length + content.Length + 12)];
    }
}
