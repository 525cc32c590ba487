using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Merlon.Kernel;
using Microsoft.AspNetCore.Http;

namespace Merlon.Gateway.Pipeline;

/// <summary>Answers and refusals in the protocol's form, with the headers that every answer has.</summary>
internal static class Replies
{
    private const string Json = "application/json";
    private static readonly string[] s_smallNumbers = [.. Enumerable.Range(0, 2048).Select(i => i.ToString(CultureInfo.InvariantCulture))];

    public static void Harden(HttpContext http)
    {
        var headers = http.Response.Headers;
        headers.CacheControl = "no-store";
        headers.XContentTypeOptions = "nosniff";
        headers.ContentSecurityPolicy = "default-src 'none'; frame-ancestors 'none'";
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    public static async ValueTask SendAsync(HttpContext http, int status, ReadOnlyMemory<byte> json)
    {
        http.Response.StatusCode = status;
        http.Response.ContentType = Json;
        http.Response.ContentLength = json.Length;
        if (!HttpMethods.IsHead(http.Request.Method))
            await http.Response.BodyWriter.WriteAsync(json, http.RequestAborted).ConfigureAwait(false);
    }

    public static ValueTask RefuseAsync(HttpContext http, Refusal refusal)
    {
        if (refusal.RetryAfter is { } retry)
            http.Response.Headers.RetryAfter = Number((long)Math.Ceiling(Math.Max(retry.TotalSeconds, 1)));
        if (refusal.Kind == RefusalKind.Unauthenticated)
            http.Response.Headers.WWWAuthenticate = "Bearer";
        return SendAsync(http, Status(refusal.Kind), ErrorBody(refusal.Detail));
    }

    /// <summary>What is left of the key's rate (draft-ietf-httpapi-ratelimit-headers-03, the form that clients know).</summary>
    public static void TellRate(Call call, TimeProvider time)
    {
        if (call.Resolved is not { } resolved || call.Rate == default)
            return;
        var headers = call.Http.Response.Headers;
        headers["RateLimit-Limit"] = resolved.Caller.LimitText;
        headers["RateLimit-Remaining"] = Number(call.Rate.Remaining);
        headers["RateLimit-Reset"] = Number((call.Rate.Ticks + time.TimestampFrequency - 1) / time.TimestampFrequency);
    }

    public static int Status(RefusalKind kind) => kind switch
    {
        RefusalKind.Invalid => StatusCodes.Status400BadRequest,
        RefusalKind.Unauthenticated => StatusCodes.Status401Unauthorized,
        RefusalKind.Forbidden => StatusCodes.Status403Forbidden,
        RefusalKind.NotFound => StatusCodes.Status404NotFound,
        RefusalKind.Conflict => StatusCodes.Status409Conflict,
        RefusalKind.TooLarge => StatusCodes.Status413PayloadTooLarge,
        RefusalKind.Blocked => StatusCodes.Status422UnprocessableEntity,
        RefusalKind.TooMany => StatusCodes.Status429TooManyRequests,
        RefusalKind.Unsupported => StatusCodes.Status415UnsupportedMediaType,
        RefusalKind.TooSlow => StatusCodes.Status408RequestTimeout,
        RefusalKind.BadAnswer => StatusCodes.Status502BadGateway,
        RefusalKind.TimedOut => StatusCodes.Status504GatewayTimeout,
        _ => StatusCodes.Status503ServiceUnavailable,
    };

    public static byte[] ErrorBody(string sentence)
    {
        var text = JsonEncodedText.Encode(sentence);
        return [.. "{\"error\":\""u8, .. text.EncodedUtf8Bytes, .. "\"}"u8];
    }

    private static string Number(long value) =>
        (ulong)value < (ulong)s_smallNumbers.Length ? s_smallNumbers[value] : value.ToString(CultureInfo.InvariantCulture);
}
