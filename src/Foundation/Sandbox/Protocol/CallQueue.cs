using System.Collections.Concurrent;
using Merlon.Sandbox.Contracts;

namespace Merlon.Sandbox.Protocol;

/// <summary>Calls that wait for one of a fixed number of compute threads. Bounded in calls and in bytes: what does not fit is refused, never stored.</summary>
internal sealed class CallQueue : IDisposable
{
    private readonly IWorkerHandler _handler;
    private readonly BlockingCollection<ServerCall> _waiting = new(Limits.MaxOutstanding);
    private long _bytes;

    public CallQueue(IWorkerHandler handler, int concurrency)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(concurrency, 1);
        _handler = handler;
        for (var i = 0; i < concurrency; i++)
            new Thread(Run) { IsBackground = true, Name = "compute" }.Start();
    }

    /// <summary>Room for <paramref name="bytes"/> more, to be given back by <see cref="Release"/>. Asked before memory is taken for a request.</summary>
    public bool TryReserve(int bytes)
    {
        if (Interlocked.Add(ref _bytes, bytes) <= Limits.MaxWaitingBytes)
            return true;
        Interlocked.Add(ref _bytes, -bytes);
        return false;
    }

    public void Release(int bytes) => Interlocked.Add(ref _bytes, -bytes);

    public bool TryAdd(ServerCall call)
    {
        try
        {
            return _waiting.TryAdd(call);
        }
        catch (InvalidOperationException)
        {
            // The server is closing.
            return false;
        }
    }

    public void Dispose() => _waiting.CompleteAdding();

    private void Run()
    {
        using var answer = new TensorWriter();
        foreach (var call in _waiting.GetConsumingEnumerable())
            call.Connection.Execute(call, _handler, answer);
    }
}
