using System.Globalization;
using Merlon.Kernel;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;

namespace Merlon.Access.Contracts;

/// <summary>The one place where a refusal becomes an HTTP answer (RFC 9457 problem details).</summary>
public static class Problems
{
    public static int Status(RefusalKind kind) => kind switch
    {
        RefusalKind.Invalid => 400,
        RefusalKind.Unauthenticated => 401,
        RefusalKind.Forbidden => 403,
        RefusalKind.NotFound => 404,
        RefusalKind.Conflict => 409,
        RefusalKind.TooLarge => 413,
        RefusalKind.Blocked => 422,
        RefusalKind.TooMany => 429,
        RefusalKind.Unavailable => 503,
        RefusalKind.Unsupported => 415,
        RefusalKind.TooSlow => 408,
        RefusalKind.BadAnswer => 502,
        RefusalKind.TimedOut => 504,
        _ => 500,
    };

    /// <param name="refusal">What was refused.</param>
    /// <param name="status">The HTTP status where the protocol itself names a finer one, as 405 or 415.</param>
    public static ProblemHttpResult ToProblem(this Refusal refusal, int? status = null)
    {
        var details = new ProblemDetails { Status = status ?? Status(refusal.Kind), Title = refusal.Detail, Type = $"urn:merlon:{refusal.Code}" };
        details.Extensions["code"] = refusal.Code;
        if (refusal.Remedy is not null)
            details.Extensions["remedy"] = refusal.Remedy;
        return TypedResults.Problem(details);
    }

    /// <summary>The value as JSON, or the refusal as problem details.</summary>
    public static IResult ToHttp<T>(this Result<T> result) =>
        result.Try(out var value, out var refusal) ? (value is Unit ? TypedResults.NoContent() : TypedResults.Ok(value)) : refusal.ToProblem();

    public static Task WriteAsync(HttpContext context, Refusal refusal, int? status = null)
    {
        if (refusal.RetryAfter is { } wait)
            context.Response.Headers.RetryAfter = ((int)Math.Ceiling(wait.TotalSeconds)).ToString(CultureInfo.InvariantCulture);
        return refusal.ToProblem(status).ExecuteAsync(context);
    }
}
