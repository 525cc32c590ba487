using System.Buffers.Binary;

namespace Merlon.Ledger;

/// <summary>An entry bundle of C2SP tlog-tiles: entries prefixed with their big-endian u16 length. All our entries have one length.</summary>
internal static class EntryBundle
{
    internal const int Stride = 2 + LeafRecord.Size;

    internal static void Write(Span<byte> destination, ReadOnlySpan<byte> leaf)
    {
        BinaryPrimitives.WriteUInt16BigEndian(destination, LeafRecord.Size);
        leaf.CopyTo(destination[2..]);
    }

    /// <summary>The bytes of entry <paramref name="position"/>; empty when its length prefix is not ours.</summary>
    internal static ReadOnlySpan<byte> Entry(ReadOnlySpan<byte> bundle, int position)
    {
        var record = bundle.Slice(position * Stride, Stride);
        return BinaryPrimitives.ReadUInt16BigEndian(record) == LeafRecord.Size ? record[2..] : [];
    }
}
