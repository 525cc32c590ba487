namespace Merlon.Ledger;

/// <summary>
/// Finds stored bodies of one organisation by sequence. Reading upwards continues where the last read ended; going back starts at the nearest
/// remembered place. Not safe for concurrent use.
/// </summary>
internal sealed class OrganisationBodies(LogPaths paths, Guid organisation) : IDisposable
{
    private const int IndexEvery = 256;
    private readonly Dictionary<long, List<(long Sequence, long Offset)>> _places = [];
    private List<long> _firsts = [];
    private List<PruneMarker> _markers = [];
    private SegmentScanner? _scanner;
    private long _scannerFirst = -1;
    private bool _hasRecord;
    private int _sinceIndexed;

    /// <summary>The scanner standing on the record, or null when it is not there.</summary>
    internal SegmentScanner? Find(long sequence)
    {
        if (FindOnce(sequence) is { } found)
            return found;
        // A live log may have begun another segment since the directory was read.
        _firsts = LogPaths.Numbers(paths.Organisation(organisation), ".seg");
        return FindOnce(sequence);
    }

    internal bool IsPruned(long sequence)
    {
        if (_markers.Exists(marker => marker.Covers(sequence)))
            return true;
        _markers = PruneMarker.All(paths, organisation);
        return _markers.Exists(marker => marker.Covers(sequence));
    }

    private SegmentScanner? FindOnce(long sequence)
    {
        var position = _firsts.BinarySearch(sequence);
        if (position < 0)
            position = ~position - 1;
        if (position < 0)
            return null;
        var first = _firsts[position];
        if (_scanner is null || _scannerFirst != first || (_hasRecord && _scanner.Sequence > sequence))
            OpenAt(first, sequence);
        if (_scanner is null)
            return null;
        while (!_hasRecord || _scanner.Sequence < sequence)
        {
            if (!_scanner.MoveNext())
                return null;
            _hasRecord = true;
            Remember();
        }
        return _scanner.Sequence == sequence ? _scanner : null;
    }

    private void OpenAt(long first, long sequence)
    {
        _scanner?.Dispose();
        var from = (long)SegmentHeader.Size;
        foreach (var (known, offset) in _places.GetValueOrDefault(first, []))
        {
            if (known <= sequence)
                from = offset;
        }
        _scanner = SegmentScanner.TryOpen(paths.Segment(organisation, first), from);
        (_scannerFirst, _hasRecord, _sinceIndexed) = (first, false, 0);
        if (!_places.ContainsKey(first))
            _places.Add(first, []);
    }

    private void Remember()
    {
        if (++_sinceIndexed < IndexEvery)
            return;
        _sinceIndexed = 0;
        var places = _places[_scannerFirst];
        if (places.Count == 0 || places[^1].Sequence < _scanner!.Sequence)
            places.Add((_scanner!.Sequence, _scanner.Offset));
    }

    public void Dispose() => _scanner?.Dispose();
}
