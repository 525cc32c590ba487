namespace Merlon.Gateway.Limiting;

/// <summary>How many calls run at once. Exact under concurrency.</summary>
internal sealed class Slots
{
    private int _taken;

    public int Taken => Volatile.Read(ref _taken);

    public bool TryTake(int most)
    {
        if (Interlocked.Increment(ref _taken) <= most)
            return true;
        Interlocked.Decrement(ref _taken);
        return false;
    }

    public void Release() => Interlocked.Decrement(ref _taken);
}

/// <summary>Bytes that all calls together may hold. Exact under concurrency; never more than the most are granted.</summary>
internal sealed class ByteBudget(long most)
{
    private long _taken;

    public long Taken => Volatile.Read(ref _taken);

    public bool TryTake(long bytes)
    {
        var seen = Volatile.Read(ref _taken);
        while (bytes <= most - seen)
        {
            var before = Interlocked.CompareExchange(ref _taken, seen + bytes, seen);
            if (before == seen)
                return true;
            seen = before;
        }
        return false;
    }

    public void Release(long bytes) => Interlocked.Add(ref _taken, -bytes);
}
