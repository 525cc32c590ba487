using Merlon.Onnx.Contracts;

namespace Merlon.ModelWorker;

/// <summary>Reusable calls, and one thread that terminates those past their deadline.</summary>
internal sealed class CallPool : IDisposable
{
    private static readonly TimeSpan s_interval = TimeSpan.FromMilliseconds(50);

    private readonly OnnxSession _session;
    private readonly TimeSpan _deadline;
    private readonly TimeProvider _time;
    private readonly Lock _lock = new();
    private readonly Stack<PooledCall> _idle = new();
    private readonly List<PooledCall> _all = [];
    private readonly ITimer _watch;

    public CallPool(OnnxSession session, TimeSpan deadline, TimeProvider time)
    {
        _session = session;
        _deadline = deadline;
        _time = time;
        _watch = time.CreateTimer(static state => ((CallPool)state!).TerminateOverdue(), this, s_interval, s_interval);
    }

    public PooledCall Rent()
    {
        lock (_lock)
        {
            if (_idle.TryPop(out var call))
                return call;
            call = new PooledCall(_session.NewCall());
            _all.Add(call);
            return call;
        }
    }

    public void Return(PooledCall call)
    {
        call.Call.Reset();
        lock (_lock)
            _idle.Push(call);
    }

    public void Dispose() => _watch.Dispose();

    private void TerminateOverdue()
    {
        lock (_lock)
        {
            foreach (var call in _all)
                call.TerminateIfOlder(_deadline, _time);
        }
    }
}

/// <summary>A call and since when it runs.</summary>
internal sealed class PooledCall(OnnxCall call)
{
    private readonly Lock _lock = new();
    private long _started;
    private bool _running;

    public OnnxCall Call { get; } = call;

    public void Start(long timestamp)
    {
        lock (_lock)
            (_started, _running) = (timestamp, true);
    }

    public void Stop()
    {
        lock (_lock)
            _running = false;
    }

    public void TerminateIfOlder(TimeSpan deadline, TimeProvider time)
    {
        lock (_lock)
        {
            if (_running && time.GetElapsedTime(_started) > deadline)
                Call.Terminate();
        }
    }
}
