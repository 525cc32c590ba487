using Merlon.Gateway.Answers;
using Merlon.Gateway.Callers;
using Merlon.Gateway.Limiting;
using Merlon.Gateway.Parsing;
using Merlon.Kernel;
using Microsoft.AspNetCore.Http;

namespace Merlon.Gateway.Pipeline;

/// <summary>The state of one call on its way through the pipeline. Reused: everything that a call took is given back in <see cref="End"/>.</summary>
internal sealed class Call : IDisposable
{
    private readonly ByteBudget _budget;
    private CancellationTokenSource _deadline = new();
    private CancellationTokenRegistration _aborted;
    private long _bytesHeld;
    private bool _endpointSlot, _callerSlot;

    public Call(ByteBudget budget) => _budget = budget;

    public HttpContext Http { get; private set; } = null!;
    public long Started { get; private set; }

    /// <summary>The caller, once the key was found good; set before <see cref="Resolved"/>, which also needs a target.</summary>
    public Caller? Caller { get; set; }
    public ResolvedCall? Resolved { get; set; }
    public InferRequest Request { get; } = new();
    public PooledBuffer Body { get; } = new(Limits.MaxBodyBytes);
    public PooledBuffer Answer { get; } = new(Limits.MaxAnswerBytes);
    public PooledBuffer Spare { get; } = new(Limits.MaxAnswerBytes);
    public RateAnswer Rate { get; set; }
    public int BodyBytes { get; set; }
    public TimeSpan WorkerTime { get; set; }

    /// <summary>Cancelled when the present step's time is up or the client has gone.</summary>
    public CancellationToken Token => _deadline.Token;
    public bool ClientGone => Http.RequestAborted.IsCancellationRequested;

    public void Begin(HttpContext http, long now)
    {
        Http = http;
        Started = now;
    }

    /// <summary>Ends the step that begins now after <paramref name="time"/>, or as soon as the client goes.</summary>
    public void SetDeadline(TimeSpan time)
    {
        _deadline.CancelAfter(time);
        if (_aborted == default)
            _aborted = Http.RequestAborted.UnsafeRegister(static state => ((CancellationTokenSource)state!).Cancel(), _deadline);
    }

    public bool TryHoldBytes(long bytes)
    {
        if (!_budget.TryTake(bytes))
            return false;
        _bytesHeld += bytes;
        return true;
    }

    public bool TryTakeSlots(ResolvedCall call)
    {
        _callerSlot = call.Caller.Counters.Running.TryTake(call.Caller.MaxConcurrent);
        _endpointSlot = _callerSlot && call.Target.Running.TryTake(call.Target.MaxConcurrent);
        return _endpointSlot;
    }

    /// <summary>Gives back everything that the call holds.</summary>
    /// <returns>False when the state cannot serve another call.</returns>
    public bool End()
    {
        // Waits for a callback that is running: it must not cancel the next call.
        _aborted.Dispose();
        _aborted = default;
        if (Resolved is { } call)
        {
            if (_callerSlot)
                call.Caller.Counters.Running.Release();
            if (_endpointSlot)
                call.Target.Running.Release();
            call.Target.Link.Release();
        }
        _callerSlot = _endpointSlot = false;
        _budget.Release(_bytesHeld);
        _bytesHeld = 0;
        Http = null!;
        Caller = null;
        Resolved = null;
        Rate = default;
        BodyBytes = 0;
        WorkerTime = default;
        Request.Reset();
        Body.Reset();
        Answer.Reset();
        Spare.Reset();
        if (Request.Tensors.Capacity > 256 * 1024)
            return false;
        if (!_deadline.TryReset())
        {
            _deadline.Dispose();
            _deadline = new CancellationTokenSource();
        }
        return true;
    }

    public void Dispose()
    {
        _deadline.Dispose();
        Request.Dispose();
        Body.Dispose();
        Answer.Dispose();
        Spare.Dispose();
    }
}
