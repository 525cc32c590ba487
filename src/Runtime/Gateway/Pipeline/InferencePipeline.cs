using System.Runtime.CompilerServices;
using Merlon.Gateway.Callers;
using Merlon.Gateway.Limiting;
using Merlon.Gateway.Parsing;
using Merlon.Kernel;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.ObjectPool;

namespace Merlon.Gateway.Pipeline;

/// <summary>
/// The life of an inference request. Network limits stand before it (connections) and in <see cref="Resolver"/>'s refusals (unauthenticated calls).
/// 1 resolve caller and target once, and authorise · 2 limits · 3 headers, then body · 4 the tensor contract, while parsing · 5 input guards ·
/// 6 worker, whose answer is held to the contract · 7 output guards · 8 event · 9 answer.
/// </summary>
internal sealed partial class InferencePipeline(
    PipelineSteps steps, GuardChain guards, NetworkTable networks, ObjectPool<Call> calls, TimeProvider time, ILogger<InferencePipeline> log)
{
    private static readonly Refusal s_flood = new(RefusalKind.TooMany, "limit.unauthenticated", "Too many calls without a valid key come from this network.")
    {
        RetryAfter = TimeSpan.FromSeconds(1),
    };

    private static readonly Refusal s_internal = new(RefusalKind.Unavailable, "gateway.error", "The call failed for a reason on this side.") { RetryAfter = TimeSpan.FromSeconds(1) };

    public async Task RunAsync(HttpContext http)
    {
        var call = calls.Get();
        try
        {
            call.Begin(http, time.GetTimestamp());
            Replies.Harden(http);
            var refusal = await DecideAsync(call).ConfigureAwait(false);
            refusal = await steps.Evidence.RecordAsync(call, refusal).ConfigureAwait(false) ?? refusal;
            await AnswerAsync(call, refusal).ConfigureAwait(false);
        }
        finally
        {
            calls.Return(call);
        }
    }

    /// <summary>Steps 1 to 7, in this order; the first refusal ends them.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<Refusal?> DecideAsync(Call call)
    {
        try
        {
            return Resolve(call)
                ?? steps.Limits.Check(call)
                ?? BodyReader.CheckHeaders(call)
                ?? await steps.Body.ReadAsync(call).ConfigureAwait(false)
                ?? InferParser.Parse(call.Body.Span, call.Resolved!.Target.Contract, call.Request)
                ?? InspectRequest(call)
                ?? await steps.Worker.RunAsync(call).ConfigureAwait(false)
                ?? guards.Inspect(call.Resolved, GuardSides.Response, call.Answer, call.Spare, out _);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            // A broken invariant: recorded and refused like anything else, told to the log and not to the caller.
            Log.Broken(log, e);
            return s_internal;
        }
    }

    private Refusal? Resolve(Call call)
    {
        var refusal = steps.Resolver.Resolve(call.Http, out var caller, out var resolved);
        call.Caller = caller;
        call.Resolved = resolved;
        return Tempered(refusal, call.Http);
    }

    /// <summary>A network that sends many calls without a valid key gets the cheaper answer. Valid keys of the same network are not touched.</summary>
    public Refusal? Tempered(Refusal? refusal, HttpContext http) =>
        refusal is { Kind: RefusalKind.Unauthenticated } && !networks.TryTake(Network.Of(http.Connection.RemoteIpAddress), time.GetTimestamp()) ? s_flood : refusal;

    private Refusal? InspectRequest(Call call)
    {
        var refusal = guards.Inspect(call.Resolved!, GuardSides.Request, call.Body, call.Spare, out var changed);
        // What a guard changed is held to the contract again.
        return refusal ?? (changed ? InferParser.Parse(call.Body.Span, call.Resolved!.Target.Contract, call.Request) : null);
    }

    private ValueTask AnswerAsync(Call call, Refusal? refusal)
    {
        if (ReferenceEquals(refusal, BodyReader.ClientGone) || call.ClientGone)
        {
            // Never an empty success, should anyone still listen.
            call.Http.Abort();
            return default;
        }
        Replies.TellRate(call, time);
        return refusal is null
            ? Replies.SendAsync(call.Http, StatusCodes.Status200OK, call.Answer.Memory)
            : Replies.RefuseAsync(call.Http, refusal);
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Error, Message = "A call failed on a broken invariant.")]
        public static partial void Broken(ILogger logger, Exception exception);
    }
}

/// <summary>The pipeline's steps that have state.</summary>
internal sealed record PipelineSteps(Resolver Resolver, CallLimits Limits, BodyReader Body, WorkerCall Worker, Evidence Evidence);
