namespace Merlon.Ledger;

/// <summary>A finished tile that still has to reach the disk.</summary>
internal sealed record FinishedTile(int Level, long Index, int Width, byte[] Bytes);

/// <summary>
/// The right edge of the tree in memory: the unfinished tile of every level and the unfinished entry bundle. Appending costs one leaf hash and, once in
/// 256 leaves, the 255 node hashes of the finished tile. Not safe for concurrent use.
/// </summary>
internal sealed class TileTree
{
    private readonly List<Edge> _edges = [];
    private byte[] _bundle = new byte[TilePath.Width * EntryBundle.Stride];

    internal long Size { get; private set; }

    /// <summary>Tiles that became full and were not yet taken by <see cref="TakeFinished"/>.</summary>
    internal int FinishedCount => _finished.Count;

    private List<FinishedTile> _finished = [];

    /// <summary>Adds a leaf record of <see cref="LeafRecord.Size"/> bytes.</summary>
    internal void Append(ReadOnlySpan<byte> leaf)
    {
        var position = (int)(Size % TilePath.Width);
        EntryBundle.Write(_bundle.AsSpan(position * EntryBundle.Stride), leaf);
        if (position == TilePath.Width - 1)
        {
            _finished.Add(new FinishedTile(TilePath.Entries, Size / TilePath.Width, TilePath.Width, _bundle));
            _bundle = new byte[TilePath.Width * EntryBundle.Stride];
        }
        Span<byte> hash = stackalloc byte[TreeHash.Size];
        TreeHash.Leaf(leaf, hash);
        Size++;
        Push(0, hash);
    }

    /// <summary>Restores the edge at a size whose lower levels are full: <paramref name="hashes"/> are the unfinished hashes of <paramref name="level"/>.</summary>
    internal void Restore(int level, long tileIndex, ReadOnlySpan<byte> hashes, long size)
    {
        while (_edges.Count <= level)
            _edges.Add(new Edge());
        var edge = _edges[level];
        edge.Index = tileIndex;
        edge.Count = hashes.Length / TreeHash.Size;
        hashes.CopyTo(edge.Hashes);
        Size = size;
    }

    /// <summary>After <see cref="Restore"/> of the upper levels: every level below is empty and begins at the next tile.</summary>
    internal void AlignLowerLevels(long size)
    {
        for (var level = 0; level < 2; level++)
            Restore(level, size >> (8 * (level + 1)), [], size);
    }

    internal Digest Root()
    {
        if (Size == 0)
            return Digest.Of([]);
        // The edge of each level is folded from the right: what is below hangs to the right of what is above.
        Digest? right = null;
        foreach (var edge in _edges)
            right = FoldLevel(edge.Hashes.AsSpan(0, edge.Count * TreeHash.Size), right);
        return right!.Value;
    }

    internal List<FinishedTile> TakeFinished()
    {
        var taken = _finished;
        _finished = [];
        return taken;
    }

    /// <summary>Copies of the unfinished tiles and bundle, which a checkpoint at this size needs.</summary>
    internal List<FinishedTile> Partials()
    {
        var partials = new List<FinishedTile>();
        var width = (int)(Size % TilePath.Width);
        if (width > 0)
            partials.Add(new FinishedTile(TilePath.Entries, Size / TilePath.Width, width, _bundle.AsSpan(0, width * EntryBundle.Stride).ToArray()));
        for (var level = 0; level < _edges.Count; level++)
        {
            var edge = _edges[level];
            if (edge.Count > 0)
                partials.Add(new FinishedTile(level, edge.Index, edge.Count, edge.Hashes.AsSpan(0, edge.Count * TreeHash.Size).ToArray()));
        }
        return partials;
    }

    /// <summary>Joins the perfect subtrees of one level, given by their hashes, with the tree to their right.</summary>
    internal static Digest? FoldLevel(ReadOnlySpan<byte> hashes, Digest? right)
    {
        var count = hashes.Length / TreeHash.Size;
        var end = count;
        for (var bit = 1; bit <= count; bit <<= 1)
        {
            if ((count & bit) == 0)
                continue;
            var subtree = TreeHash.Root(hashes.Slice((end - bit) * TreeHash.Size, bit * TreeHash.Size));
            right = right is null ? subtree : TreeHash.Node(subtree, right.Value);
            end -= bit;
        }
        return right;
    }

    private void Push(int level, ReadOnlySpan<byte> hash)
    {
        if (_edges.Count == level)
            _edges.Add(new Edge());
        var edge = _edges[level];
        hash.CopyTo(edge.Hashes.AsSpan(edge.Count * TreeHash.Size));
        if (++edge.Count < TilePath.Width)
            return;
        _finished.Add(new FinishedTile(level, edge.Index, TilePath.Width, edge.Hashes));
        Span<byte> root = stackalloc byte[TreeHash.Size];
        TreeHash.Root(edge.Hashes).CopyTo(root);
        edge.Hashes = new byte[TilePath.Width * TreeHash.Size];
        edge.Count = 0;
        edge.Index++;
        Push(level + 1, root);
    }

    private sealed class Edge
    {
        internal byte[] Hashes = new byte[TilePath.Width * TreeHash.Size];
        internal int Count;
        internal long Index;
    }
}
