using System.Collections.Concurrent;

namespace Merlon.Ledger;

/// <summary>Where an entry and its leaf hash in the tile differ, or why one of both could not be read.</summary>
internal readonly record struct TileFinding(long Tile, int Position, string? Problem);

/// <summary>
/// One parallel pass over all entry bundles and level-0 tiles. Keeps a root for each 256 events, once as the entries give it and once as the
/// stored tile gives it, so that it can be told afterwards which of both is right.
/// </summary>
internal sealed class TreeScan
{
    private readonly TileStore _store;
    private readonly byte[] _entryRoots;
    private readonly byte[] _tileRoots;
    private readonly long[] _marks;

    internal TreeScan(TileStore store, long size, IEnumerable<long> marks)
    {
        (_store, Size) = (store, size);
        TileCount = (size + TilePath.Width - 1) / TilePath.Width;
        _entryRoots = new byte[TileCount * TreeHash.Size];
        _tileRoots = new byte[TileCount * TreeHash.Size];
        _marks = marks.Where(m => m % TilePath.Width != 0).Distinct().Order().ToArray();
    }

    internal long Size { get; }
    internal long TileCount { get; }
    internal ConcurrentBag<TileFinding> Findings { get; } = [];

    /// <summary>For each size to check that lies inside a tile: the root over the part of the tile before it, from the entries.</summary>
    internal ConcurrentDictionary<long, Digest> PartialRoots { get; } = new();

    internal ReadOnlySpan<byte> EntryRoots => _entryRoots;
    internal ReadOnlySpan<byte> TileRoots => _tileRoots;
    internal TileStore Store => _store;

    internal void Run() => Parallel.For(0L, TileCount, ScanTile);

    /// <summary>The root that the log had at <paramref name="size"/>, from these roots of whole tiles.</summary>
    internal static Digest RootAt(ReadOnlySpan<byte> roots, long size, Digest? partial)
    {
        // Whole tiles are the leaves of a tree of their own; what is left hangs to the right.
        var whole = (int)(size / TilePath.Width);
        return TileTree.FoldLevel(roots[..(whole * TreeHash.Size)], partial) ?? Digest.Of([]);
    }

    private void ScanTile(long tile)
    {
        var width = TileSource.WidthOf(Size, 0, tile);
        var stored = _store.TryRead(0, tile, width);
        var bundle = _store.TryRead(TilePath.Entries, tile, width);
        if (stored is null)
            Findings.Add(new TileFinding(tile, 0, $"The tile {TilePath.Of(0, tile, width)} is missing or has the wrong size."));
        if (bundle is null)
            Findings.Add(new TileFinding(tile, 0, $"The entries {TilePath.Of(TilePath.Entries, tile, width)} are missing or have the wrong size."));
        Span<byte> hashes = stackalloc byte[TilePath.Width * TreeHash.Size];
        hashes = hashes[..(width * TreeHash.Size)];
        if (bundle is not null)
            HashEntries(tile, bundle, stored, hashes);
        TreeHash.Root(hashes).CopyTo(_entryRoots.AsSpan((int)tile * TreeHash.Size));
        if (stored is not null)
            TreeHash.Root(stored).CopyTo(_tileRoots.AsSpan((int)tile * TreeHash.Size));
        AddMarks(tile, width, hashes);
    }

    private void HashEntries(long tile, byte[] bundle, byte[]? stored, Span<byte> hashes)
    {
        var found = false;
        for (var i = 0; i < hashes.Length / TreeHash.Size; i++)
        {
            var entry = EntryBundle.Entry(bundle, i);
            var hash = hashes.Slice(i * TreeHash.Size, TreeHash.Size);
            TreeHash.Leaf(entry, hash);
            var index = tile * TilePath.Width + i;
            var problem = !LeafRecord.TryRead(entry, out var leaf) ? $"Event {index} is not a leaf record of this version."
                : leaf.Sequence != index ? $"Event {index} carries the sequence {leaf.Sequence}: events were removed, moved or added."
                : null;
            var differs = stored is not null && !hash.SequenceEqual(stored.AsSpan(i * TreeHash.Size, TreeHash.Size));
            if (found || (problem is null && !differs))
                continue;
            // The first in a tile says enough.
            found = true;
            Findings.Add(new TileFinding(tile, i, problem));
        }
    }

    private void AddMarks(long tile, int width, ReadOnlySpan<byte> hashes)
    {
        var start = tile * TilePath.Width;
        var position = Array.BinarySearch(_marks, start + 1);
        for (position = position < 0 ? ~position : position; position < _marks.Length && _marks[position] <= start + width; position++)
            PartialRoots[_marks[position]] = TreeHash.Root(hashes[..((int)(_marks[position] - start) * TreeHash.Size)]);
    }
}
