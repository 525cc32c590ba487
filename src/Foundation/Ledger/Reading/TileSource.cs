namespace Merlon.Ledger;

/// <summary>Perfect subtrees of a log on disk, as seen from one tree size. Keeps the tiles it read, up to a bound. Safe for concurrent use.</summary>
internal sealed class TileSource(TileStore store, long size) : ISubtreeSource
{
    private const int MaxCached = 2048;
    private readonly Lock _lock = new();
    private readonly Dictionary<(int Level, long Index), byte[]> _cache = [];

    internal long Size => size;

    public Digest Subtree(int height, long index)
    {
        var level = height / 8;
        var first = index << (height % 8);
        var count = 1 << (height % 8);
        var tile = Tile(level, first / TilePath.Width);
        return TreeHash.Root(tile.AsSpan((int)(first % TilePath.Width) * TreeHash.Size, count * TreeHash.Size));
    }

    /// <summary>The entry bundle or tile with as many elements as the tree has at this size.</summary>
    /// <exception cref="InvalidDataException">It is missing or has the wrong size.</exception>
    internal byte[] Tile(int level, long index)
    {
        lock (_lock)
        {
            if (_cache.TryGetValue((level, index), out var known))
                return known;
            var width = WidthOf(size, level, index);
            var tile = store.TryRead(level, index, width)
                ?? throw new InvalidDataException($"The file {TilePath.Of(level, index, width)} of the log is missing or has the wrong size.");
            if (_cache.Count >= MaxCached)
                _cache.Clear();
            _cache.Add((level, index), tile);
            return tile;
        }
    }

    /// <summary>Elements that a tile holds in a tree of this size: floor(size / 256^level) − 256·index, at most 256.</summary>
    internal static int WidthOf(long size, int level, long index)
    {
        var hashes = level <= 0 ? size : size >> (8 * level);
        return (int)Math.Clamp(hashes - index * TilePath.Width, 0, TilePath.Width);
    }
}
