using System.Buffers.Binary;
using System.Security.Cryptography;
using Merlon.Keys;

namespace Merlon.Ledger;

/// <summary>
/// The head of a body segment, 160 bytes big-endian; everything after it is records (<see cref="SegmentRecord"/>).
/// <code>
///   0   8  "MRLNSEG1"              64  65  ephemeral P-256 point, from which and the organisation's key the segment key follows
///   8  16  organisation           129   8  created, Unix milliseconds
///  24   8  first sequence         137  23  zero
///  32  32  SHA-256 of the organisation's public event key (SPKI)
/// </code>
/// </summary>
internal sealed record SegmentHeader(Guid Organisation, long First, Digest KeyId, byte[] Ephemeral, long Created)
{
    internal const int Size = 160;
    private static ReadOnlySpan<byte> Magic => "MRLNSEG1"u8;

    /// <summary>Bound into the segment key.</summary>
    internal static string Context(Guid organisation) => $"merlon ledger body v1 {organisation:D}";

    internal byte[] Encode()
    {
        var bytes = new byte[Size];
        Magic.CopyTo(bytes);
        Organisation.TryWriteBytes(bytes.AsSpan(8), bigEndian: true, out _);
        BinaryPrimitives.WriteInt64BigEndian(bytes.AsSpan(24), First);
        KeyId.CopyTo(bytes.AsSpan(32));
        Ephemeral.CopyTo(bytes, 64);
        BinaryPrimitives.WriteInt64BigEndian(bytes.AsSpan(129), Created);
        return bytes;
    }

    /// <summary>Null when the bytes are not a segment's head.</summary>
    internal static SegmentHeader? TryRead(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < Size || !bytes.StartsWith(Magic) || bytes[137..Size].ContainsAnyExcept((byte)0))
            return null;
        return new SegmentHeader(
            new Guid(bytes.Slice(8, 16), bigEndian: true),
            BinaryPrimitives.ReadInt64BigEndian(bytes[24..]),
            new Digest(bytes.Slice(32, 32)),
            bytes.Slice(64, SealedBoxSender.EphemeralSize).ToArray(),
            BinaryPrimitives.ReadInt64BigEndian(bytes[129..]));
    }
}

/// <summary>
/// A record of a body segment: u32 length of what follows ‖ u64 sequence ‖ u64 counter ‖ sealed(salt ‖ JSON) with its 16-byte tag.
/// The first 20 bytes and the hash of the head are associated data, so a record opens only where it was written. The leaf commits to
/// SHA-256(SHA-256(head) ‖ record).
/// </summary>
internal static class SegmentRecord
{
    internal const int PrefixSize = 20;
    internal const int Overhead = PrefixSize + SealedBoxSender.TagSize;
    internal const int MinSize = Overhead + AppendOperation.SaltSize;
    internal const int MaxSize = MinSize + Limits.MaxBody;

    internal static Digest Hash(Digest headHash, ReadOnlySpan<byte> record)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        return Hash(hash, headHash, record);
    }

    /// <summary>With a hash object to use again: creating one costs more than hashing a record.</summary>
    internal static Digest Hash(IncrementalHash hash, Digest headHash, ReadOnlySpan<byte> record)
    {
        Span<byte> bytes = stackalloc byte[Digest.Size];
        headHash.CopyTo(bytes);
        hash.AppendData(bytes);
        hash.AppendData(record);
        hash.GetHashAndReset(bytes);
        return new Digest(bytes);
    }

    internal static void AssociatedData(ReadOnlySpan<byte> prefix, Digest headHash, Span<byte> destination)
    {
        prefix[..PrefixSize].CopyTo(destination);
        headHash.CopyTo(destination[PrefixSize..]);
    }
}
