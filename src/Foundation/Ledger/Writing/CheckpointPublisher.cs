namespace Merlon.Ledger;

/// <summary>
/// Turns a snapshot into a published checkpoint, in this order: bodies and write-ahead log on disk, tiles, history, the signed checkpoint itself.
/// INVARIANT: a checkpoint never covers what is not on disk, so no crash can leave a log that is shorter than what was signed.
/// </summary>
internal sealed class CheckpointPublisher(LogPaths paths, NoteKey key, byte[] seed, TimeProvider time)
{
    private static readonly TimeSpan s_historyInterval = TimeSpan.FromSeconds(10);
    private readonly TileStore _tiles = new(paths.Root);
    private readonly List<FinishedTile> _unwritten = [];
    private long _historyTime = long.MinValue;
    private long _historySize = -1;

    /// <summary>The newest checkpoint that is on disk; null in a log that has none yet.</summary>
    internal Checkpoint? Latest { get; set; }

    /// <summary>Full tiles that are still in memory only, because the disk refused them.</summary>
    internal int UnwrittenCount => Volatile.Read(ref _unwrittenCount);

    private int _unwrittenCount;

    /// <summary>Publishes unless the newest checkpoint already covers this size. Throws when the disk refuses; the next call tries again.</summary>
    internal Checkpoint Publish(LogSnapshot snapshot, bool final)
    {
        _unwritten.AddRange(snapshot.Finished);
        Volatile.Write(ref _unwrittenCount, _unwritten.Count);
        if (Latest is { } latest && latest.Size == snapshot.Size)
        {
            if (final)
                AppendHistory(latest, force: true);
            return latest;
        }
        foreach (var (file, length) in snapshot.Files)
            file.Sync(length);
        var full = WriteTiles(snapshot);
        var checkpoint = Checkpoint.Sign(key, seed, snapshot.Size, snapshot.Root);
        AppendHistory(checkpoint, final);
        DurableFile.Replace(paths.Checkpoint, checkpoint.Note);
        Latest = checkpoint;
        foreach (var tile in full)
            _tiles.DeletePartials(tile.Level, tile.Index);
        DropOldWal(snapshot.Size);
        return checkpoint;
    }

    /// <summary>After a crash: a tile that the replay produced and the disk lacks or has otherwise goes out with the next checkpoint.</summary>
    internal void Repair(FinishedTile tile)
    {
        if (_tiles.TryRead(tile.Level, tile.Index, tile.Width) is not { } bytes || !bytes.AsSpan().SequenceEqual(tile.Bytes))
            _tiles.Write(tile.Level, tile.Index, tile.Width, tile.Bytes);
    }

    private List<FinishedTile> WriteTiles(LogSnapshot snapshot)
    {
        foreach (var tile in _unwritten)
            _tiles.Write(tile.Level, tile.Index, tile.Width, tile.Bytes);
        foreach (var tile in snapshot.Partials)
            _tiles.Write(tile.Level, tile.Index, tile.Width, tile.Bytes);
        var written = _unwritten.ToList();
        _unwritten.Clear();
        Volatile.Write(ref _unwrittenCount, 0);
        return written;
    }

    /// <summary>Old checkpoints narrow down where a damaged log went wrong. Every ten seconds or 65,536 leaves is narrow enough.</summary>
    private void AppendHistory(Checkpoint checkpoint, bool force)
    {
        var now = time.GetUtcNow().UtcTicks;
        var due = force || _historyTime == long.MinValue || now - _historyTime >= s_historyInterval.Ticks || now < _historyTime
            || checkpoint.Size - _historySize >= WalRecord.PerFile;
        if (!due || checkpoint.Size == _historySize)
            return;
        DurableFile.Append(paths.History, checkpoint.Note);
        (_historyTime, _historySize) = (now, checkpoint.Size);
    }

    /// <summary>Keeps the current and the previous file: their ids make appends idempotent. Older ones go once their tiles are on disk.</summary>
    private void DropOldWal(long size)
    {
        var keepFrom = size - size % WalRecord.PerFile - WalRecord.PerFile;
        var old = LogPaths.Numbers(paths.Wal, ".wal").Where(first => first < keepFrom).ToList();
        if (old.Count == 0)
            return;
        Posix.SyncFileSystem(paths.Root);
        foreach (var first in old)
            File.Delete(paths.WalFile(first));
    }
}
