using System.Buffers.Binary;

namespace Merlon.Ledger;

/// <summary>
/// One leaf of the log: 100 bytes, big-endian. It says that something happened, when, of which kind and in which organisation, and commits to
/// the event body twice: to its content (salted, so that it cannot be guessed) and to its sealed bytes (so that anyone can check what is stored).
/// <code>
///   0  u8   version (1)                     20  16  organisation, RFC 9562 byte order
///   1  u8   OCSF activity_id                36  32  SHA-256(salt ‖ body)
///   2  u16  OCSF class_uid                  68  32  SHA-256(sealed record as stored in the segment)
///   4  u64  sequence = index of the leaf
///  12  i64  time, Unix milliseconds
/// </code>
/// </summary>
internal readonly record struct LeafRecord(byte Activity, ushort Class, long Sequence, long Time, Guid Organisation, Digest BodyHash, Digest SealedHash)
{
    internal const int Size = 100;
    internal const byte Version = 1;

    internal void Write(Span<byte> destination)
    {
        destination[0] = Version;
        destination[1] = Activity;
        BinaryPrimitives.WriteUInt16BigEndian(destination[2..], Class);
        BinaryPrimitives.WriteInt64BigEndian(destination[4..], Sequence);
        BinaryPrimitives.WriteInt64BigEndian(destination[12..], Time);
        Organisation.TryWriteBytes(destination[20..], bigEndian: true, out _);
        BodyHash.CopyTo(destination[36..]);
        SealedHash.CopyTo(destination[68..]);
    }

    internal static bool TryRead(ReadOnlySpan<byte> source, out LeafRecord leaf)
    {
        leaf = default;
        if (source.Length != Size || source[0] != Version)
            return false;
        leaf = new LeafRecord(
            source[1],
            BinaryPrimitives.ReadUInt16BigEndian(source[2..]),
            BinaryPrimitives.ReadInt64BigEndian(source[4..]),
            BinaryPrimitives.ReadInt64BigEndian(source[12..]),
            new Guid(source.Slice(20, 16), bigEndian: true),
            new Digest(source.Slice(36, 32)),
            new Digest(source.Slice(68, 32)));
        return true;
    }
}
