using Merlon.Kernel;

namespace Merlon.Access.People;

/// <summary>
/// Password checks are dear on purpose, so they are what attackers use up. Few run at once; those that wait are served lane by lane (a lane is a network),
/// and callers on a device that signed in before go first. A hundred attackers on one network cost a person elsewhere one turn.
/// </summary>
internal sealed class PasswordGate
{
    private readonly Lock _lock = new();
    private readonly Queue<TaskCompletionSource> _trusted = new();
    private readonly Dictionary<string, Queue<TaskCompletionSource>> _lanes = new(StringComparer.Ordinal);
    private readonly Queue<string> _turns = new();
    private int _free;
    private int _waiting;

    public PasswordGate(int? slots = null) => _free = slots ?? Math.Max(1, Environment.ProcessorCount / 2);

    public static readonly Refusal Busy = new(RefusalKind.TooMany, "signin.busy", "Too many people sign in right now.") { Remedy = "Try again in a few seconds.", RetryAfter = TimeSpan.FromSeconds(5) };

    public async Task<Result<T>> RunAsync<T>(string lane, bool isTrusted, Func<T> work, CancellationToken cancellationToken)
    {
        if (!TryEnter(lane, isTrusted, out var turn))
            return Busy;
        // A caller that hangs up while waiting still gets its turn and hands it on: taking it out of the queue would race with being served.
        await turn;
        try
        {
            cancellationToken.ThrowIfCancellationRequested();
            return await Task.Run(work, cancellationToken);
        }
        finally
        {
            Leave();
        }
    }

    private bool TryEnter(string lane, bool isTrusted, out Task turn)
    {
        lock (_lock)
        {
            if (_free > 0)
            {
                _free--;
                turn = Task.CompletedTask;
                return true;
            }
            turn = Task.CompletedTask;
            // The trusted have room of their own: what fills the other lanes must not turn them away.
            if (isTrusted ? _trusted.Count >= Limits.Waiting : _waiting >= Limits.Waiting || _lanes.GetValueOrDefault(lane)?.Count >= Limits.WaitingPerNetwork)
                return false;
            var waiter = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            turn = waiter.Task;
            if (isTrusted)
                _trusted.Enqueue(waiter);
            else
                Enqueue(lane, waiter);
            return true;
        }
    }

    private void Enqueue(string lane, TaskCompletionSource waiter)
    {
        if (!_lanes.TryGetValue(lane, out var queue))
        {
            _lanes[lane] = queue = new Queue<TaskCompletionSource>();
            _turns.Enqueue(lane);
        }
        queue.Enqueue(waiter);
        _waiting++;
    }

    private void Leave()
    {
        lock (_lock)
        {
            if (Next() is { } next)
                next.SetResult();
            else
                _free++;
        }
    }

    private TaskCompletionSource? Next()
    {
        if (_trusted.TryDequeue(out var trusted))
            return trusted;
        if (!_turns.TryDequeue(out var lane))
            return null;
        var queue = _lanes[lane];
        var next = queue.Dequeue();
        _waiting--;
        if (queue.Count > 0)
            _turns.Enqueue(lane);
        else
            _lanes.Remove(lane);
        return next;
    }
}
