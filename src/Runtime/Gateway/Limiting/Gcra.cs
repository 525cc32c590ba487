namespace Merlon.Gateway.Limiting;

/// <summary>The generic cell rate algorithm's two constants, in timestamp ticks. Immutable.</summary>
internal readonly struct Rate
{
    /// <param name="perSecond">Calls per second, on average.</param>
    /// <param name="burst">Calls that may come at once after a pause.</param>
    /// <param name="ticksPerSecond">The clock's frequency.</param>
    public Rate(double perSecond, int burst, long ticksPerSecond)
    {
        Interval = Math.Max(1, (long)(ticksPerSecond / perSecond));
        Burst = Math.Max(1, burst);
        PerSecond = perSecond;
    }

    public long Interval { get; }
    public int Burst { get; }
    public double PerSecond { get; }
    public long Window => checked(Interval * Burst);
}

/// <summary>What a limiter says of one call. Ticks count until the next call is allowed, or until the whole burst is there again.</summary>
internal readonly record struct RateAnswer(bool Allowed, long Remaining, long Ticks);

/// <summary>
/// The state of one rate limit: a single theoretical arrival time (ITU-T I.371), so that concurrent callers are counted exactly by
/// compare-and-swap and nothing is allocated.
/// </summary>
internal sealed class RateCell
{
    private long _arrival = long.MinValue;

    public RateAnswer TryTake(in Rate rate, long now)
    {
        var seen = Volatile.Read(ref _arrival);
        while (true)
        {
            var next = Math.Max(seen, now) + rate.Interval;
            var ahead = next - now;
            if (ahead > rate.Window)
                return new RateAnswer(false, 0, ahead - rate.Window);
            var before = Interlocked.CompareExchange(ref _arrival, next, seen);
            if (before == seen)
                return new RateAnswer(true, (rate.Window - ahead) / rate.Interval, ahead);
            seen = before;
        }
    }
}
