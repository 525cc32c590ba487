using System.Diagnostics.CodeAnalysis;

namespace Merlon.Sandbox.Protocol;

/// <summary>The outstanding calls of one connection. An id is a slot in its low bits and a generation above, so that an old id never names a new call.</summary>
internal sealed class CallTable
{
    private readonly Lock _lock = new();
    private readonly PendingCall?[] _slots = new PendingCall?[Limits.MaxOutstanding];
    private readonly Stack<PendingCall> _free = new();
    private int _made;
    private uint _generation;
    private Exception? _broken;

    /// <summary>True from before the first outstanding call fails: whoever hears of the failure and asks again already sees it.</summary>
    public bool IsBroken => Volatile.Read(ref _broken) is not null;

    /// <summary>A call ready to be sent, or false when too many are outstanding.</summary>
    /// <exception cref="Contracts.WorkerUnavailableException">The connection is broken.</exception>
    public bool TryRent([NotNullWhen(true)] out PendingCall? call)
    {
        lock (_lock)
        {
            if (_broken is not null)
                throw new Contracts.WorkerUnavailableException(_broken.Message, _broken);
            if (!_free.TryPop(out call))
            {
                if (_made == _slots.Length)
                    return false;
                call = new PendingCall(this, _made);
                _slots[_made++] = call;
            }
            call.Arm((++_generation * Limits.MaxOutstanding) | (uint)call.Slot);
            return true;
        }
    }

    /// <summary>The call that the worker answers with <paramref name="id"/>; the wire's hold passes to whoever takes it. Null: no such call is outstanding.</summary>
    public PendingCall? Take(uint id)
    {
        lock (_lock)
        {
            var call = _slots[id % Limits.MaxOutstanding];
            if (call is null || !call.OnWire || call.Id != id)
                return null;
            call.OnWire = false;
            return call;
        }
    }

    public void Return(PendingCall call)
    {
        lock (_lock)
            _free.Push(call);
    }

    /// <summary>Fails every outstanding call and refuses new ones. False when that has already happened.</summary>
    public bool Break(Exception reason)
    {
        List<PendingCall> outstanding = [];
        lock (_lock)
        {
            if (_broken is not null)
                return false;
            _broken = reason;
            foreach (var call in _slots.AsSpan(0, _made))
            {
                if (call is { OnWire: true })
                {
                    call.OnWire = false;
                    outstanding.Add(call);
                }
            }
        }
        foreach (var call in outstanding)
        {
            call.Fail(new Contracts.WorkerUnavailableException(reason.Message, reason));
            call.Release();
        }
        return true;
    }
}
