using System.Buffers.Binary;
using System.Numerics;

namespace Merlon.Ledger;

/// <summary>
/// One record of the write-ahead log: leaf (100) ‖ event id (16) ‖ zero (8) ‖ CRC-32C of the 124 bytes before (4), 128 bytes in all, so that a record
/// never straddles a disk sector. The event id is here and not in the leaf: only appending twice needs it.
/// </summary>
internal static class WalRecord
{
    internal const int Size = 128;

    /// <summary>Records in one file: all tiles of levels 0 and 1 are full where a file begins, so the tree is restored from tiles there.</summary>
    internal const int PerFile = 65_536;

    internal static void Write(Span<byte> destination, in LeafRecord leaf, Guid eventId)
    {
        leaf.Write(destination);
        eventId.TryWriteBytes(destination[LeafRecord.Size..], bigEndian: true, out _);
        destination[116..124].Clear();
        BinaryPrimitives.WriteUInt32BigEndian(destination[124..], Checksum(destination[..124]));
    }

    /// <summary>False for a torn or damaged record, or one that does not have this sequence.</summary>
    internal static bool TryRead(ReadOnlySpan<byte> source, long sequence, out LeafRecord leaf, out Guid eventId)
    {
        eventId = default;
        if (!LeafRecord.TryRead(source[..LeafRecord.Size], out leaf)
            || BinaryPrimitives.ReadUInt32BigEndian(source[124..]) != Checksum(source[..124])
            || leaf.Sequence != sequence)
            return false;
        eventId = new Guid(source.Slice(LeafRecord.Size, 16), bigEndian: true);
        return true;
    }

    private static uint Checksum(ReadOnlySpan<byte> bytes)
    {
        var crc = uint.MaxValue;
        for (; bytes.Length >= 8; bytes = bytes[8..])
            crc = BitOperations.Crc32C(crc, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
        foreach (var b in bytes)
            crc = BitOperations.Crc32C(crc, b);
        return ~crc;
    }
}
