using System.Runtime.CompilerServices;
using Merlon.Gateway.Answers;
using Merlon.Gateway.Contracts;
using Merlon.Gateway.Workers;
using Merlon.Kernel;
using Merlon.Sandbox.Contracts;

namespace Merlon.Gateway.Pipeline;

/// <summary>Sends the parsed request to the revision's worker and holds the answer to the contract.</summary>
internal sealed class WorkerCall(GatewayOptions options, TimeProvider time)
{
    private static readonly TimeSpan s_retry = TimeSpan.FromSeconds(1);

    private static readonly Refusal s_down = new(RefusalKind.Unavailable, "worker.unavailable", "The model is not running at the moment.") { RetryAfter = s_retry };
    private static readonly Refusal s_lost = new(RefusalKind.Unavailable, "worker.lost", "The model stopped while it worked on the request.") { RetryAfter = s_retry };
    private static readonly Refusal s_overloaded = new(RefusalKind.Unavailable, "worker.overloaded", "The model has more requests than it can work on.") { RetryAfter = s_retry };
    private static readonly Refusal s_rejected = new(RefusalKind.Invalid, "worker.rejected", "The model cannot work on an input of this shape.");
    private static readonly Refusal s_failed = new(RefusalKind.BadAnswer, "worker.failed", "The model failed on this request.");

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<Refusal?> RunAsync(Call call)
    {
        var target = call.Resolved!.Target;
        call.SetDeadline(target.Route.Timeout);
        var started = time.GetTimestamp();
        try
        {
            var binding = await target.Link.GetAsync(options.WorkerWait, call.Token).ConfigureAwait(false);
            if (binding is null)
                return s_down;
            WriteOutputs(call, binding);
            using var answer = await binding.Client.InferAsync(call.Request.Tensors.Payload, call.Token).ConfigureAwait(false);
            call.WorkerTime = time.GetElapsedTime(started);
            // The JSON text of a number is at most about six times its bytes.
            if (!call.TryHoldBytes(7L * answer.Payload.Length))
                return BodyReader.NoMemory;
            return AnswerWriter.Write(answer.Payload.Span, binding, target.Contract, call.Request, target.AnswerHead, call.Answer);
        }
        catch (OperationCanceledException)
        {
            return call.ClientGone
                ? BodyReader.ClientGone
                : new Refusal(RefusalKind.TimedOut, "worker.timeout", $"The model did not answer within {target.Route.Timeout.TotalSeconds:0.###} seconds.");
        }
        catch (WorkerUnavailableException)
        {
            return s_lost;
        }
        catch (WorkerErrorException e)
        {
            return e.Code switch
            {
                WorkerErrorCode.BadRequest => s_rejected,
                WorkerErrorCode.Overloaded or WorkerErrorCode.Cancelled => s_overloaded,
                _ => s_failed,
            };
        }
    }

    private static void WriteOutputs(Call call, WorkerBinding binding)
    {
        var request = call.Request;
        if (request.OutputCount == 0)
        {
            // Named even when all are wanted: outputs that the contract leaves out are never computed for nothing, nor sent.
            request.Tensors.WriteOutputs(binding.AllOutputs);
            return;
        }
        Span<ushort> outputs = stackalloc ushort[request.OutputCount];
        for (var i = 0; i < outputs.Length; i++)
            outputs[i] = binding.ToModel(request.Outputs[i]);
        request.Tensors.WriteOutputs(outputs);
    }
}
