namespace Merlon.Ledger;

/// <summary>
/// Reads a log, also while another process writes it: it takes no lock and sees what the published checkpoint covers, at most a second behind.
/// Safe for concurrent use; calls take turns.
/// </summary>
public sealed class LedgerReader : IDisposable
{
    private readonly Lock _lock = new();
    private readonly LogPaths _paths;
    private readonly NoteKey? _key;
    private readonly BodyOpener _opener;
    private TileSource _source;

    private LedgerReader(string directory, LedgerKeys? keys, NoteKey? key)
    {
        (_paths, _key) = (new LogPaths(directory), key);
        _opener = new BodyOpener(_paths, keys);
        _source = new TileSource(new TileStore(directory), 0);
        Refresh();
    }

    /// <summary>The newest checkpoint seen; null in a log that has published none.</summary>
    public Checkpoint? Checkpoint { get; private set; }

    /// <summary>Events that can be read and proved.</summary>
    public long Size => Checkpoint?.Size ?? 0;

    /// <summary>Opens the log in <paramref name="directory"/>.</summary>
    /// <param name="directory">The log's own directory.</param>
    /// <param name="keys">Private keys for bodies; without them every body shows as sealed.</param>
    /// <param name="key">The log's public key; when given, each checkpoint's signature is checked.</param>
    /// <exception cref="InvalidDataException">The checkpoint is malformed or not signed by <paramref name="key"/>.</exception>
    public static LedgerReader Open(string directory, LedgerKeys? keys = null, NoteKey? key = null) =>
        Directory.Exists(directory) ? new LedgerReader(directory, keys, key) : throw new DirectoryNotFoundException($"There is no log in '{directory}'.");

    /// <summary>Looks for a newer checkpoint; returns the size that is visible now.</summary>
    public long Refresh()
    {
        lock (_lock)
        {
            if (!File.Exists(_paths.Checkpoint))
                return Size;
            var note = File.ReadAllText(_paths.Checkpoint);
            if (string.Equals(note, Checkpoint?.Note, StringComparison.Ordinal))
                return Size;
            var read = _key is null ? Ledger.Checkpoint.ReadUnverified(note) : Ledger.Checkpoint.Verify(note, _key);
            if (!read.Try(out var checkpoint, out var refusal))
                throw new InvalidDataException(refusal.Detail);
            _source = new TileSource(new TileStore(_paths.Root), checkpoint.Size);
            Checkpoint = checkpoint;
            return checkpoint.Size;
        }
    }

    /// <summary>The last <paramref name="count"/> events, oldest first.</summary>
    public IReadOnlyList<LedgerEntry> Tail(int count)
    {
        Refresh();
        return Read(Math.Max(0, Size - count), count);
    }

    /// <summary>Up to <paramref name="count"/> events from index <paramref name="from"/> on; fewer at the end of the log.</summary>
    /// <exception cref="InvalidDataException">A file of the log is missing or damaged.</exception>
    public IReadOnlyList<LedgerEntry> Read(long from, int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(from);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, Limits.MaxReadCount);
        lock (_lock)
        {
            var end = Math.Min(Size, from + Math.Max(0, count));
            var entries = new List<LedgerEntry>((int)Math.Max(0, end - from));
            for (var index = from; index < end; index++)
            {
                var bytes = Leaf(index);
                if (!LeafRecord.TryRead(bytes, out var leaf) || leaf.Sequence != index)
                    throw new InvalidDataException($"The entry {index} of the log is damaged; verifying the log tells more.");
                entries.Add(_opener.Open(leaf, TreeHash.LeafDigest(bytes)));
            }
            return entries;
        }
    }

    /// <summary>
    /// The newest checkpoint with the proofs that belong to it, taken together: between separate calls another caller may see a newer checkpoint.
    /// </summary>
    /// <param name="index">The event to prove.</param>
    /// <param name="oldSize">Also prove that the log only appends to what it was at this size; null for no such proof.</param>
    /// <returns>Null when no checkpoint covers that index, or the old size.</returns>
    public CheckpointProof? Prove(long index, long? oldSize)
    {
        lock (_lock)
        {
            if (Checkpoint is not { } checkpoint || index < 0 || index >= checkpoint.Size || oldSize is < 0 || oldSize > checkpoint.Size)
                return null;
            return oldSize is { } size
                ? new CheckpointProof(checkpoint, ProveInclusion(index), ProveConsistency(size, checkpoint.Size), Root(size))
                : new CheckpointProof(checkpoint, ProveInclusion(index), null, null);
        }
    }

    /// <summary>Proof that the event at <paramref name="index"/> is in the log, for the current <see cref="Checkpoint"/>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The checkpoint does not cover that index.</exception>
    public InclusionProof ProveInclusion(long index)
    {
        lock (_lock)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(index);
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, Size);
            return new InclusionProof(index, Size, TreeHash.LeafDigest(Leaf(index)), MerkleRange.Inclusion(_source, index, Size));
        }
    }

    /// <summary>Proof that the log of <paramref name="newSize"/> events only appends to that of <paramref name="oldSize"/>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Not 0 ≤ old ≤ new ≤ <see cref="Size"/>.</exception>
    public ConsistencyProof ProveConsistency(long oldSize, long newSize)
    {
        lock (_lock)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(oldSize);
            ArgumentOutOfRangeException.ThrowIfGreaterThan(oldSize, newSize);
            ArgumentOutOfRangeException.ThrowIfGreaterThan(newSize, Size);
            return new ConsistencyProof(oldSize, newSize, MerkleRange.Consistency(_source, oldSize, newSize));
        }
    }

    /// <summary>The root that the log had at an earlier size.</summary>
    public Digest Root(long size)
    {
        lock (_lock)
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThan(size, Size);
            return MerkleRange.Root(_source, 0, size);
        }
    }

    /// <summary>Whether every event of the organisation in the range happened before <paramref name="limit"/>.</summary>
    internal bool AllBefore(Guid organisation, long first, long last, DateTimeOffset limit)
    {
        lock (_lock)
        {
            for (var index = first; index <= last; index++)
            {
                if (LeafRecord.TryRead(Leaf(index), out var leaf) && leaf.Organisation == organisation && leaf.Time >= limit.ToUnixTimeMilliseconds())
                    return false;
            }
            return true;
        }
    }

    private ReadOnlySpan<byte> Leaf(long index) =>
        EntryBundle.Entry(_source.Tile(TilePath.Entries, index / TilePath.Width), (int)(index % TilePath.Width));

    public void Dispose() => _opener.Dispose();
}
