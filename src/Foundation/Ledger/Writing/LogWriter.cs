using System.Threading.Channels;

namespace Merlon.Ledger;

/// <summary>The single writer: takes what waits in the queue, commits it as one group, and answers requests for snapshots in between.</summary>
internal sealed class LogWriter : IAsyncDisposable
{
    private readonly Channel<LogOperation> _queue = Channel.CreateBounded<LogOperation>(new BoundedChannelOptions(Limits.MaxQueued) { SingleReader = true });
    private readonly GroupCommit _commit;
    private readonly Func<bool> _tilesAreStuck;
    private readonly List<AppendOperation> _batch = new(Limits.MaxBatchEvents);
    private readonly Task _loop;
    private long _size;

    internal LogWriter(GroupCommit commit, Func<bool> tilesAreStuck)
    {
        (_commit, _tilesAreStuck) = (commit, tilesAreStuck);
        _size = commit.Size;
        _loop = Task.Run(RunAsync);
    }

    /// <summary>Events written so far.</summary>
    internal long Size => Volatile.Read(ref _size);

    internal ValueTask EnqueueAsync(LogOperation operation, CancellationToken cancellationToken) => _queue.Writer.WriteAsync(operation, cancellationToken);

    internal async Task<LogSnapshot> SnapshotAsync(CancellationToken cancellationToken)
    {
        var operation = new SnapshotOperation();
        await EnqueueAsync(operation, cancellationToken);
        return await operation.Completion.Task;
    }

    private async Task RunAsync()
    {
        var reader = _queue.Reader;
        while (await reader.WaitToReadAsync())
        {
            var bytes = 0;
            // A batch ends where a new write-ahead file begins.
            var room = Math.Min(Limits.MaxBatchEvents, WalLog.Room(_commit.Size));
            while (_batch.Count < room && bytes < Limits.MaxBatchBytes && reader.TryRead(out var operation))
            {
                if (operation is AppendOperation append)
                {
                    _batch.Add(append);
                    bytes += append.Payload.Length;
                    continue;
                }
                Commit();
                Answer((ControlOperation)operation);
                break;
            }
            Commit();
        }
    }

    private void Commit()
    {
        if (_batch.Count == 0)
            return;
        var operations = _batch.ToArray();
        _batch.Clear();
        _commit.Run(operations, _tilesAreStuck());
        Volatile.Write(ref _size, _commit.Size);
    }

    private void Answer(ControlOperation operation)
    {
        try
        {
            operation.Run(_commit);
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            operation.Fail(exception);
        }
    }

    /// <summary>Takes no more, writes what waits, and closes the files.</summary>
    public async ValueTask DisposeAsync()
    {
        _queue.Writer.TryComplete();
        await _loop;
        _commit.Dispose();
    }
}
