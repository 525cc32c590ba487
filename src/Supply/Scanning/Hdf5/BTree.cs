using Merlon.Scanning.Content;

namespace Merlon.Scanning.Hdf5;

/// <summary>B-trees of version 1. Specification III.A.1.</summary>
internal static class BTree
{
    private const int Depth = 16;

    /// <summary>Addresses below the lowest level, for trees of groups.</summary>
    public static List<ulong> Leaves(Hdf5File file, ulong root, int keyBytes, ref int nodes)
    {
        var leaves = new List<ulong>();
        Collect(file, root, keyBytes == 0 ? (byte)0 : (byte)1, keyBytes == 0 ? 8 : keyBytes, Depth, leaves, null, ref nodes);
        return leaves;
    }

    /// <summary>Requires that all chunks of a dataset lie in the file.</summary>
    /// <param name="keyBytes">Bytes of a key: 8, and 8 for each dimension.</param>
    public static void RequireChunksInside(Hdf5File file, ulong root, int keyBytes)
    {
        var nodes = 0;
        Collect(file, root, 1, keyBytes, Depth, null, file, ref nodes);
    }

    private static void Collect(Hdf5File file, ulong address, byte kind, int keyBytes, int depth, List<ulong>? leaves, Hdf5File? chunks, ref int nodes)
    {
        if (depth == 0 || ++nodes > Limits.Nodes)
            throw new MalformedException("hdf5.cycle", "A B-tree is too deep or too large.", (long)Math.Min(address, long.MaxValue));
        var head = file.Read(address, 24UL);
        head.Expect("TREE"u8, "B-tree");
        if (head.UInt8() != kind)
            throw new MalformedException("hdf5.malformed", "A B-tree is of the wrong kind.", head.Address);
        var level = head.UInt8();
        var count = head.UInt16();
        if (level >= depth)
            throw new MalformedException("hdf5.cycle", "A B-tree is too deep.", head.Address);
        var entries = file.Read(address + 24, (ulong)(count * (keyBytes + 8) + (count == 0 ? 0 : keyBytes)));
        for (var i = 0; i < count; i++)
        {
            var size = chunks is null ? 0 : entries.UInt32();
            entries.Skip(keyBytes - (chunks is null ? 0 : 4));
            var child = entries.UInt64();
            if (level > 0)
                // The level falls with every step, so a tree cannot come back to itself.
                Collect(file, child, kind, keyBytes, level, leaves, chunks, ref nodes);
            else if (chunks is not null)
                chunks.RequireInside(child, size);
            else
                leaves!.Add(child);
        }
    }
}
