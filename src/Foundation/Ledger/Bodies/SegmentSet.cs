namespace Merlon.Ledger;

/// <summary>The open segments, one an organisation. Used by the writer alone.</summary>
internal sealed class SegmentSet(LogPaths paths, Func<Guid, ReadOnlyMemory<byte>> eventKeys, TimeProvider time) : IDisposable
{
    private readonly Dictionary<Guid, SegmentWriter> _open = [];

    internal IEnumerable<SegmentWriter> Open => _open.Values;

    /// <summary>The segment for the next record of an organisation; begins a new one when there is none or the old one is full or old.</summary>
    /// <exception cref="EvidenceUnavailableException">The organisation has no usable event key.</exception>
    internal SegmentWriter For(Guid organisation, long sequence, long batch)
    {
        if (_open.TryGetValue(organisation, out var segment) && !segment.HasStaged && IsDone(segment))
        {
            Retire(segment);
            segment = null;
        }
        if (segment is null)
        {
            // A segment that this batch already uses must stay; there are never more of those than events in a batch.
            if (_open.Count >= Limits.MaxOpenSegments && _open.Values.Where(s => !s.HasStaged).MinBy(s => s.LastUsed) is { } oldest)
                Retire(oldest);
            segment = SegmentWriter.Create(paths, organisation, Key(organisation), sequence, time.GetUtcNow());
            _open.Add(organisation, segment);
        }
        segment.LastUsed = batch;
        return segment;
    }

    /// <summary>Closes the segment of an organisation so that it may be pruned.</summary>
    internal void Close(Guid organisation)
    {
        if (_open.TryGetValue(organisation, out var segment))
            Retire(segment);
    }

    private bool IsDone(SegmentWriter segment) =>
        segment.File.Length >= Limits.MaxSegmentBytes
        || time.GetUtcNow().ToUnixTimeMilliseconds() - segment.Header.Created >= Limits.MaxSegmentAge.TotalMilliseconds;

    /// <summary>Closes a segment once all of it is on disk: whoever later asks for durability looks at open files only.</summary>
    private void Retire(SegmentWriter segment)
    {
        segment.File.Sync(segment.File.Length);
        _open.Remove(segment.Header.Organisation);
        segment.Dispose();
    }

    private ReadOnlySpan<byte> Key(Guid organisation)
    {
        ReadOnlyMemory<byte> key;
        try
        {
            key = eventKeys(organisation);
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            throw new EvidenceUnavailableException($"The event key of organisation {organisation:D} could not be had, so its events cannot be recorded.", exception);
        }
        return key.IsEmpty
            ? throw new EvidenceUnavailableException($"Organisation {organisation:D} has no event key, so its events cannot be recorded.")
            : key.Span;
    }

    public void Dispose()
    {
        foreach (var segment in _open.Values)
            segment.Dispose();
        _open.Clear();
    }
}
