using System.Runtime.CompilerServices;
using Merlon.Gateway.Contracts;
using Merlon.Kernel;
using Microsoft.Extensions.Logging;

namespace Merlon.Gateway.Pipeline;

/// <summary>
/// Writes the event of every call before its answer leaves. What anyone can cause in any number goes to the flood aggregator. Events never carry
/// values of a request: a refusal is told by its code alone.
/// </summary>
internal sealed partial class Evidence(IEventSink sink, IRefusalFlood flood, TimeProvider time, ILogger<Evidence> log)
{
    private const int OcsfOther = 99;

    public static readonly Refusal NotRecorded = new(RefusalKind.Unavailable, "evidence.unavailable", "The call cannot be recorded, so it is not answered.")
    {
        RetryAfter = TimeSpan.FromSeconds(5),
    };

    /// <summary>Null when the call is on record; then <paramref name="refusal"/>, or the answer, may leave.</summary>
    public ValueTask<Refusal?> RecordAsync(Call call, Refusal? refusal)
    {
        if (refusal is not null && (call.Caller is null || refusal.Kind == RefusalKind.TooMany))
        {
            flood.Add(new RefusedCall(call.Http.Connection.RemoteIpAddress, refusal.Code, call.Caller?.Entry.Principal));
            return default;
        }
        return AppendAsync(Build(call, refusal));
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<Refusal?> AppendAsync(SecurityEvent securityEvent)
    {
        try
        {
            // Not cancelled with the call: what was done is recorded even when nobody waits for it.
            await sink.AppendAsync(securityEvent, Durability.PageCache, CancellationToken.None).ConfigureAwait(false);
            return null;
        }
        catch (Exception e)
        {
            // Whatever the reason: what is not on record is not answered.
            Log.NotRecorded(log, e);
            return NotRecorded;
        }
    }

    private SecurityEvent Build(Call call, Refusal? refusal)
    {
        var now = time.GetUtcNow();
        var target = call.Resolved?.Target;
        return new SecurityEvent
        {
            Id = Guid.CreateVersion7(now),
            Time = now,
            Class = OcsfClass.ApiActivity,
            Activity = OcsfOther,
            Operation = "inference",
            Status = refusal is null ? EventStatus.Success : EventStatus.Failure,
            Severity = refusal is { Kind: RefusalKind.BadAnswer } ? EventSeverity.High : refusal is null ? EventSeverity.Informational : EventSeverity.Low,
            Scope = call.Caller!.Entry.Scope,
            Actor = call.Caller.Entry.Principal,
            Service = "gateway",
            Resource = target?.Resource,
            StatusCode = refusal?.Code,
            Duration = time.GetElapsedTime(call.Started),
            Attributes = Attributes(call, refusal, target),
        };
    }

    private static EventAttribute[] Attributes(Call call, Refusal? refusal, Snapshots.EndpointTarget? target)
    {
        if (target is null)
            return [(call.Caller!.Credential, call.Caller.Entry.KeyId)];
        var facts = target.Facts;
        var attributes = new EventAttribute[facts.Length + 5];
        facts.CopyTo(attributes, 0);
        attributes[facts.Length] = (call.Caller!.Credential, call.Caller.Entry.KeyId);
        attributes[facts.Length + 1] = ("rows", Math.Max(call.Request.Batch, 1));
        attributes[facts.Length + 2] = ("bytes_in", call.BodyBytes);
        attributes[facts.Length + 3] = ("bytes_out", refusal is null ? call.Answer.Length : 0);
        attributes[facts.Length + 4] = ("worker_us", Math.Round(call.WorkerTime.TotalMicroseconds));
        return attributes;
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Error, Message = "A call cannot be recorded.")]
        public static partial void NotRecorded(ILogger logger, Exception exception);
    }
}
