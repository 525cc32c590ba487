using System.Runtime.CompilerServices;
using Merlon.Gateway.Contracts;
using Merlon.Kernel;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Merlon.Gateway.Pipeline;

/// <summary>Reads the body within the contract's size, the gateway's memory and a deadline of its own.</summary>
internal sealed class BodyReader(GatewayOptions options)
{
    private const int ChunkedStart = 16 * 1024;

    /// <summary>A byte of JSON becomes at most four of tensors (a one-digit FP64 and its comma are two bytes): body and tensors together.</summary>
    private const int BytesHeldPerBodyByte = 5;

    public static readonly Refusal NoMemory = new(RefusalKind.Unavailable, "limit.memory", "The gateway holds as many bytes as it may; try again.")
    {
        RetryAfter = TimeSpan.FromSeconds(1),
    };

    public static readonly Refusal ClientGone = new(RefusalKind.TooSlow, "client.gone", "The client closed the connection before it was answered.");

    private static readonly Refusal s_framing = new(RefusalKind.Invalid, "body.framing", "The body is not framed as HTTP requires.");

    /// <summary>Refuses by the headers alone, before a byte of the body is read.</summary>
    public static Refusal? CheckHeaders(Call call)
    {
        var request = call.Http.Request;
        var most = call.Resolved!.Target.Contract.MaxBodyBytes;
        if (!IsJson(request.ContentType))
            return new Refusal(RefusalKind.Unsupported, "body.type", "The body must be application/json in UTF-8.");
        if (request.Headers.ContentEncoding is { Count: > 0 } coding && !(coding.Count == 1 && string.Equals(coding[0], "identity", StringComparison.OrdinalIgnoreCase)))
            return new Refusal(RefusalKind.Unsupported, "body.coding", "The body must not be compressed.");
        if (request.Headers.ContainsKey("Inference-Header-Content-Length"))
            return new Refusal(RefusalKind.Unsupported, "body.binary", "Binary tensor data is not taken; send the data as JSON.");
        if (request.ContentLength > most)
            return TooLarge(most);
        if (call.Http.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size)
            size.MaxRequestBodySize = most;
        return null;
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<Refusal?> ReadAsync(Call call)
    {
        var length = call.Http.Request.ContentLength;
        if (!call.TryHoldBytes(BytesHeldPerBodyByte * (length ?? ChunkedStart)))
            return NoMemory;
        call.SetDeadline(options.BodyTimeout);
        try
        {
            return await ReadToEndAsync(call, length ?? ChunkedStart).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            return call.ClientGone ? ClientGone : new Refusal(RefusalKind.TooSlow, "body.slow", $"The body did not arrive within {options.BodyTimeout.TotalSeconds:0.#} seconds.");
        }
        catch (BadHttpRequestException e)
        {
            return e.StatusCode switch
            {
                StatusCodes.Status413PayloadTooLarge => TooLarge(call.Resolved!.Target.Contract.MaxBodyBytes),
                StatusCodes.Status408RequestTimeout => new Refusal(RefusalKind.TooSlow, "body.slow", "The body arrives too slowly."),
                _ => s_framing,
            };
        }
        catch (ConnectionResetException)
        {
            return ClientGone;
        }
        catch (IOException)
        {
            // Kestrel's way of saying that a chunk announces more than a number can hold.
            return call.ClientGone ? ClientGone : s_framing;
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private static async ValueTask<Refusal?> ReadToEndAsync(Call call, long held)
    {
        var most = call.Resolved!.Target.Contract.MaxBodyBytes;
        var reader = call.Http.Request.BodyReader;
        while (true)
        {
            var read = await reader.ReadAsync(call.Token).ConfigureAwait(false);
            if (read.IsCanceled)
                return ClientGone;
            if (call.Body.Length + read.Buffer.Length > most)
                return TooLarge(most);
            // Only a body without announced length can outgrow what is held for it.
            for (; call.Body.Length + read.Buffer.Length > held; held *= 2)
            {
                if (!call.TryHoldBytes(BytesHeldPerBodyByte * held))
                    return NoMemory;
            }
            foreach (var segment in read.Buffer)
                call.Body.Write(segment.Span);
            reader.AdvanceTo(read.Buffer.End);
            if (read.IsCompleted)
                break;
        }
        call.BodyBytes = call.Body.Length;
        return null;
    }

    private static Refusal TooLarge(int most) => new(RefusalKind.TooLarge, "body.size", $"The body is larger than the {most} bytes that this endpoint takes.");

    /// <summary>A missing type is taken as JSON, since common clients of the protocol send none.</summary>
    private static bool IsJson(string? contentType)
    {
        if (contentType is null or "application/json")
            return true;
        return Microsoft.Net.Http.Headers.MediaTypeHeaderValue.TryParse(contentType, out var parsed)
            && parsed.MediaType.Equals("application/json", StringComparison.OrdinalIgnoreCase)
            && (!parsed.Charset.HasValue || parsed.Charset.Equals("utf-8", StringComparison.OrdinalIgnoreCase));
    }
}
