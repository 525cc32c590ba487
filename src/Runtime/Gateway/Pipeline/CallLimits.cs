using Merlon.Gateway.Limiting;
using Merlon.Kernel;

namespace Merlon.Gateway.Pipeline;

/// <summary>The limits of an authorised call: rate of its key, then running calls of key and endpoint.</summary>
internal sealed class CallLimits(TimeProvider time)
{
    public static readonly Refusal Busy = new(RefusalKind.TooMany, "limit.concurrency", "Too many calls of this key or endpoint are running.") { RetryAfter = TimeSpan.FromSeconds(1) };

    public Refusal? Check(Call call)
    {
        var resolved = call.Resolved!;
        var caller = resolved.Caller;
        call.Rate = caller.Counters.Rate.TryTake(caller.Rate, time.GetTimestamp());
        if (!call.Rate.Allowed)
        {
            return new Refusal(RefusalKind.TooMany, "limit.rate", $"The key's rate of {caller.Rate.PerSecond:0.###} calls per second is exceeded.")
            {
                RetryAfter = TimeSpan.FromSeconds((double)call.Rate.Ticks / time.TimestampFrequency),
            };
        }
        return call.TryTakeSlots(resolved) ? null : Busy;
    }
}
