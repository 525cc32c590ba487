using System.Security.Cryptography;

namespace Merlon.Ledger;

/// <summary>
/// Compares every stored body record with the event that commits to it, segments in parallel, and finds events whose body is gone. Needs no keys:
/// the leaf also commits to the sealed bytes.
/// </summary>
internal sealed class BodyScan(string directory, long size, FailureList failures)
{
    private readonly LogPaths _paths = new(directory);
    private readonly TileStore _store = new(directory);
    private readonly long[] _present = new long[(size + 63) / 64];
    private long _verified;

    internal long Verified => _verified;
    internal long Pruned { get; private set; }

    internal void Run()
    {
        var segments = _paths.Organisations().SelectMany(o => LogPaths.Numbers(_paths.Organisation(o), ".seg").Select(first => (Organisation: o, First: first))).ToList();
        Parallel.ForEach(segments, segment => ScanSegment(segment.Organisation, segment.First));
        FindMissing();
    }

    private void ScanSegment(Guid organisation, long first)
    {
        using var scanner = SegmentScanner.TryOpen(_paths.Segment(organisation, first));
        if (scanner is null)
            return;
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var (bundleIndex, bundle, verified) = (-1L, Array.Empty<byte>(), 0L);
        // What follows the checkpoint is not signed yet.
        while (scanner.MoveNext() && scanner.Sequence < size)
        {
            var sequence = scanner.Sequence;
            if (bundleIndex != sequence / TilePath.Width)
            {
                bundleIndex = sequence / TilePath.Width;
                bundle = _store.TryRead(TilePath.Entries, bundleIndex, TileSource.WidthOf(size, 0, bundleIndex)) ?? throw new InvalidDataException("The log changed while it was verified.");
            }
            if (!LeafRecord.TryRead(EntryBundle.Entry(bundle, (int)(sequence % TilePath.Width)), out var leaf))
                continue;
            if (leaf.Organisation == organisation && scanner.Header.Organisation == organisation && SegmentRecord.Hash(hash, scanner.HeadHash, scanner.Record) == leaf.SealedHash)
            {
                Interlocked.Or(ref _present[sequence / 64], 1L << (int)(sequence % 64));
                verified++;
            }
        }
        Interlocked.Add(ref _verified, verified);
    }

    private void FindMissing()
    {
        var markers = _paths.Organisations().ToDictionary(o => o, o => PruneMarker.All(_paths, o).Where(IsRecorded).ToList());
        for (var tile = 0L; tile * TilePath.Width < size; tile++)
        {
            if (IsComplete(tile))
                continue;
            var width = TileSource.WidthOf(size, 0, tile);
            var bundle = _store.TryRead(TilePath.Entries, tile, width) ?? throw new InvalidDataException("The log changed while it was verified.");
            for (var i = 0; i < width; i++)
            {
                var index = tile * TilePath.Width + i;
                if ((_present[index / 64] & (1L << (int)(index % 64))) == 0 && LeafRecord.TryRead(EntryBundle.Entry(bundle, i), out var leaf))
                    JudgeMissing(index, leaf, markers);
            }
        }
    }

    private bool IsComplete(long tile)
    {
        var end = Math.Min((tile + 1) * TilePath.Width / 64, _present.Length);
        for (var word = tile * TilePath.Width / 64; word < end; word++)
        {
            if (_present[word] != -1)
                return false;
        }
        return true;
    }

    private void JudgeMissing(long index, in LeafRecord leaf, Dictionary<Guid, List<PruneMarker>> markers)
    {
        if (markers.TryGetValue(leaf.Organisation, out var known) && known.Exists(m => m.Covers(index)))
            Pruned++;
        else
            failures.Add(LedgerFault.MissingBody, index, index, $"The body of event {index} is missing or was changed, and no pruning of it is recorded.");
    }

    /// <summary>A marker counts only if the log recorded a deletion after the events it covers.</summary>
    private bool IsRecorded(PruneMarker marker)
    {
        if (marker.Event <= marker.Last || marker.Event >= size)
            return false;
        var tile = marker.Event / TilePath.Width;
        return _store.TryRead(TilePath.Entries, tile, TileSource.WidthOf(size, 0, tile)) is { } bundle
            && LeafRecord.TryRead(EntryBundle.Entry(bundle, (int)(marker.Event % TilePath.Width)), out var leaf)
            && leaf.Organisation == marker.Organisation
            && leaf is { Class: (ushort)OcsfClass.DatastoreActivity, Activity: Retention.DeleteActivity };
    }
}
