using System.Threading.Tasks.Sources;
using Merlon.Sandbox.Contracts;

namespace Merlon.Sandbox.Protocol;

/// <summary>
/// One outstanding call; reused, so that a call allocates nothing for waiting. It is held twice: by the wire until the worker has answered, and by
/// the caller until the result is taken. Only when both have let go may the slot serve another call: a late answer must never reach the wrong one.
/// </summary>
internal sealed class PendingCall(CallTable table, int slot) : IValueTaskSource<WorkerAnswer>
{
    private ManualResetValueTaskSourceCore<WorkerAnswer> _core = new() { RunContinuationsAsynchronously = true };
    private CancellationTokenRegistration _cancellation;
    private CancellationToken _token;
    private FrameSender? _sender;
    private int _completed;
    private int _holders;

    public int Slot { get; } = slot;
    public uint Id { get; private set; }

    /// <summary>True while the worker owes an answer. Guarded by the table's lock.</summary>
    public bool OnWire { get; set; }

    public void Arm(uint id)
    {
        Id = id;
        _core.Reset();
        _completed = 0;
        _holders = 2;
        OnWire = true;
    }

    /// <summary>To be called once, after the request was sent: a Cancel may not overtake its Infer.</summary>
    public ValueTask<WorkerAnswer> Await(FrameSender sender, CancellationToken cancellationToken)
    {
        _sender = sender;
        _token = cancellationToken;
        var task = new ValueTask<WorkerAnswer>(this, _core.Version);
        if (cancellationToken.CanBeCanceled)
            _cancellation = cancellationToken.UnsafeRegister(static state => ((PendingCall)state!).Cancel(), this);
        return task;
    }

    public void Complete(WorkerAnswer answer)
    {
        if (Interlocked.Exchange(ref _completed, 1) == 0)
            _core.SetResult(answer);
        else
            answer.Dispose();
    }

    public void Fail(Exception exception)
    {
        if (Interlocked.Exchange(ref _completed, 1) == 0)
            _core.SetException(exception);
    }

    /// <summary>Lets go of one of the two holds.</summary>
    public void Release()
    {
        if (Interlocked.Decrement(ref _holders) == 0)
            table.Return(this);
    }

    public WorkerAnswer GetResult(short token)
    {
        // Waits for a cancellation callback that is running, so that it cannot touch the next call in this slot.
        _cancellation.Dispose();
        _cancellation = default;
        _token = default;
        try
        {
            return _core.GetResult(token);
        }
        finally
        {
            Release();
        }
    }

    public ValueTaskSourceStatus GetStatus(short token) => _core.GetStatus(token);

    public void OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _core.OnCompleted(continuation, state, token, flags);

    private void Cancel()
    {
        if (Interlocked.Exchange(ref _completed, 1) != 0)
            return;
        _sender!.TrySend(FrameKind.Cancel, Id, default);
        _core.SetException(new OperationCanceledException(_token));
    }
}
