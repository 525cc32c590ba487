using System.Collections.Concurrent;
using Merlon.Scanning.Contracts;
using Merlon.Serving.Contracts;

namespace Merlon.Serving.Nodes;

/// <summary>
/// The control side's live picture of its node: what it was told, and what it said last. Nothing here is truth; the tables are, and this is made anew
/// from them at start.
/// </summary>
internal sealed class NodeDirectory(TimeProvider time)
{
    private readonly Lock _lock = new();
    private readonly ConcurrentDictionary<Guid, WorkerStatus> _workers = new();
    private readonly ConcurrentDictionary<Guid, PendingScan> _scans = new();
    private TaskCompletionSource _changed = New();

    // Starts above every version of an earlier run of control, so that a node never waits for a number that was counted anew.
    private long _version = time.GetUtcNow().ToUnixTimeMilliseconds() * 1000;
    private TaskCompletionSource _status = New();

    private sealed record PendingScan(ScanAssignment Assignment, TaskCompletionSource<ScanAnswer> Answer);

    public DateTimeOffset? LastSeen { get; private set; }

    public long Version
    {
        get
        {
            lock (_lock)
                return _version;
        }
    }

    public IReadOnlyList<ScanAssignment> Scans => [.. _scans.Values.Select(s => s.Assignment)];

    /// <summary>Tells the node that its assignment is another now.</summary>
    public void Changed()
    {
        lock (_lock)
        {
            _version++;
            _changed.TrySetResult();
            _changed = New();
        }
    }

    /// <summary>Waits until the assignment is newer than <paramref name="after"/>, or the time is over.</summary>
    public async Task WaitForChangeAsync(long after, TimeSpan patience, CancellationToken cancellationToken)
    {
        Task changed;
        lock (_lock)
        {
            if (_version > after)
                return;
            changed = _changed.Task;
        }
        await Task.WhenAny(changed, Task.Delay(patience, time, cancellationToken));
    }

    public void Report(NodeStatus status)
    {
        LastSeen = time.GetUtcNow();
        foreach (var worker in status.Workers)
            _workers[worker.RevisionId] = worker;
        foreach (var gone in _workers.Keys.Except(status.Workers.Select(w => w.RevisionId)).ToList())
            _workers.TryRemove(gone, out _);
        lock (_lock)
        {
            _status.TrySetResult();
            _status = New();
        }
    }

    public WorkerStatus? StatusOf(Guid revisionId) => _workers.GetValueOrDefault(revisionId);

    /// <summary>Waits until the worker is healthy or has failed for good; null when the time is over.</summary>
    public async Task<WorkerStatus?> WaitForWorkerAsync(Guid revisionId, TimeSpan patience, CancellationToken cancellationToken)
    {
        var deadline = time.GetUtcNow() + patience;
        while (true)
        {
            Task changed;
            lock (_lock)
                changed = _status.Task;
            if (StatusOf(revisionId) is { State: WorkerState.Healthy or WorkerState.Failed } settled)
                return settled;
            var left = deadline - time.GetUtcNow();
            if (left <= TimeSpan.Zero)
                return null;
            await Task.WhenAny(changed, Task.Delay(left, time, cancellationToken));
            cancellationToken.ThrowIfCancellationRequested();
        }
    }

    /// <summary>Gives the node a scan and waits for its answer.</summary>
    public async Task<ScanAnswer> ScanAsync(ScanAssignment assignment, TimeSpan patience, CancellationToken cancellationToken)
    {
        var pending = new PendingScan(assignment, new TaskCompletionSource<ScanAnswer>(TaskCreationOptions.RunContinuationsAsynchronously));
        _scans[assignment.ScanId] = pending;
        Changed();
        try
        {
            return await pending.Answer.Task.WaitAsync(patience, time, cancellationToken);
        }
        catch (TimeoutException)
        {
            return new ScanAnswer(assignment.ScanId, null, $"No scan worker answered within {patience.TotalSeconds:0} seconds. Is the node running?");
        }
        finally
        {
            _scans.TryRemove(assignment.ScanId, out _);
            Changed();
        }
    }

    public ScanAssignment? PendingScanOf(Guid scanId) => _scans.GetValueOrDefault(scanId)?.Assignment;

    public void Answer(ScanAnswer answer)
    {
        if (_scans.TryGetValue(answer.ScanId, out var pending))
            pending.Answer.TrySetResult(answer);
    }

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
