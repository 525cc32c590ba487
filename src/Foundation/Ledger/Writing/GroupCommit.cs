using System.Security.Cryptography;

namespace Merlon.Ledger;

/// <summary>What a checkpoint will cover, taken between two commits.</summary>
internal sealed record LogSnapshot(long Size, Digest Root, List<FinishedTile> Finished, List<FinishedTile> Partials, List<(AppendFile File, long Length)> Files);

/// <summary>
/// Writes one batch: bodies first, then the write-ahead log, each file with one call. What fails is taken back, so that the files always end
/// with what was acknowledged. Used by the writer alone.
/// INVARIANT: an operation that was completed is never touched again; its appender may already use it for another event.
/// </summary>
internal sealed class GroupCommit(SegmentSet segments, WalLog wal, TileTree tree, RecentIds recent) : IDisposable
{
    private readonly byte[] _records = new byte[Limits.MaxBatchEvents * WalRecord.Size];
    private readonly Guid[] _ids = new Guid[Limits.MaxBatchEvents];
    private readonly Dictionary<Guid, long> _inBatch = [];
    private readonly HashSet<SegmentWriter> _touched = [];
    private readonly List<(AppendFile File, long Length)> _undo = [];
    private AppendOperation?[] _waiting = [];
    private int _new;
    private bool _written;
    private long _batch;

    internal long Size => tree.Size;

    /// <summary>Records the batch and completes every operation in it, one way or the other.</summary>
    internal void Run(AppendOperation?[] batch, bool tilesAreStuck)
    {
        _batch++;
        _waiting = batch;
        try
        {
            if (tilesAreStuck)
                throw new IOException("The tiles of earlier events could not be written.");
            FinishUndo();
            Stage();
            Write();
            // Those who asked for the page cache have it now and do not wait for the disk.
            Complete(Durability.PageCache);
            SyncIfAsked();
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            FailRest(exception);
        }
        finally
        {
            Clear();
        }
    }

    /// <summary>The state between two batches, with what a checkpoint at this size needs.</summary>
    internal LogSnapshot Snapshot()
    {
        var files = segments.Open.Select(s => (s.File, s.File.Length)).ToList();
        if (wal.Current is { } current)
            files.Add((current, current.Length));
        return new LogSnapshot(tree.Size, tree.Root(), tree.TakeFinished(), tree.Partials(), files);
    }

    internal void CloseSegment(Guid organisation) => segments.Close(organisation);

    private void Stage()
    {
        for (var i = 0; i < _waiting.Length; i++)
        {
            var operation = _waiting[i]!;
            if (recent.TryGet(operation.Id, out var index) || _inBatch.TryGetValue(operation.Id, out index))
            {
                operation.Index = index;
                continue;
            }
            try
            {
                StageNew(operation);
            }
            catch (Exception exception) when (exception is EvidenceUnavailableException or CryptographicException or IOException or UnauthorizedAccessException)
            {
                // Only this one's organisation cannot be written for; the others go on.
                _waiting[i] = null;
                operation.Fail(Unavailable(exception));
            }
        }
    }

    private void StageNew(AppendOperation operation)
    {
        var sequence = tree.Size + _new;
        var segment = segments.For(operation.Organisation, sequence, _batch);
        _touched.Add(segment);
        var sealedHash = segment.Stage(sequence, operation.Payload);
        var leaf = new LeafRecord(operation.Activity, operation.Class, sequence, operation.Time, operation.Organisation, operation.BodyHash, sealedHash);
        WalRecord.Write(_records.AsSpan(_new * WalRecord.Size), leaf, operation.Id);
        _ids[_new] = operation.Id;
        operation.Index = sequence;
        _inBatch.Add(operation.Id, sequence);
        _new++;
    }

    private void Write()
    {
        if (_new == 0)
            return;
        var walFile = wal.For(tree.Size);
        foreach (var segment in _touched)
            _undo.Add((segment.File, segment.File.Length));
        _undo.Add((walFile, walFile.Length));
        foreach (var segment in _touched)
            segment.Flush();
        walFile.Append(_records.AsSpan(0, _new * WalRecord.Size));
        // From here on the events are recorded: a failing sync fails its waiters but takes nothing back.
        _undo.Clear();
        _written = true;
        for (var i = 0; i < _new; i++)
        {
            recent.Add(_ids[i], tree.Size);
            tree.Append(_records.AsSpan(i * WalRecord.Size, LeafRecord.Size));
        }
    }

    private void SyncIfAsked()
    {
        if (Array.TrueForAll(_waiting, operation => operation is null))
            return;
        // All open files and not only the touched ones: an earlier record that is lost would take this one with it.
        foreach (var segment in segments.Open)
            segment.File.Sync(segment.File.Length);
        wal.Current?.Sync(wal.Current.Length);
        Complete(Durability.Disk);
    }

    private void Complete(Durability durability)
    {
        for (var i = 0; i < _waiting.Length; i++)
        {
            if (_waiting[i] is not { } operation || operation.Durability != durability)
                continue;
            _waiting[i] = null;
            operation.Succeed();
        }
    }

    private void FailRest(Exception exception)
    {
        if (!_written)
            TryUndo();
        var failure = Unavailable(exception);
        for (var i = 0; i < _waiting.Length; i++)
        {
            var operation = _waiting[i];
            _waiting[i] = null;
            operation?.Fail(failure);
        }
    }

    private static EvidenceUnavailableException Unavailable(Exception cause) =>
        cause as EvidenceUnavailableException ?? new($"The ledger could not record the event: {cause.Message}", cause);

    private void TryUndo()
    {
        try
        {
            FinishUndo();
        }
        catch (IOException)
        {
            // Stays on the list; the next batch must get it done before it writes anything.
        }
    }

    private void FinishUndo()
    {
        while (_undo.Count > 0)
        {
            var (file, length) = _undo[^1];
            file.Rollback(length);
            _undo.RemoveAt(_undo.Count - 1);
        }
    }

    private void Clear()
    {
        foreach (var segment in _touched)
            segment.Discard();
        _touched.Clear();
        _inBatch.Clear();
        _waiting = [];
        _new = 0;
        _written = false;
    }

    public void Dispose()
    {
        segments.Dispose();
        wal.Dispose();
    }
}
