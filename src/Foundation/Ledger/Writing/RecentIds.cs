namespace Merlon.Ledger;

/// <summary>
/// Ids of the events in the current and the previous file of the write-ahead log (65,536 to 131,072 events), with their indices: within this window an
/// event that is appended again is recorded once.
/// </summary>
internal sealed class RecentIds
{
    private Dictionary<Guid, long> _current = [];
    private Dictionary<Guid, long> _previous = [];

    internal bool TryGet(Guid id, out long index) => _current.TryGetValue(id, out index) || _previous.TryGetValue(id, out index);

    internal void Add(Guid id, long index)
    {
        if (index % WalRecord.PerFile == 0)
            (_previous, _current) = (_current, new Dictionary<Guid, long>());
        _current[id] = index;
    }
}
