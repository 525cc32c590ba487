using System.Globalization;
using System.Text.Json;
using Merlon.Access.Contracts;
using Merlon.Kernel;
using Microsoft.AspNetCore.Http;

namespace Merlon.Access.Changes;

/// <summary>How changes speak HTTP: Idempotency-Key on creates, If-Match on updates, an ETag and 200, 201 or 202 on the answer.</summary>
internal static class ChangeHttp
{
    private const string IdempotencyKey = "Idempotency-Key";
    private static readonly JsonSerializerOptions s_json = new(JsonSerializerDefaults.Web);

    /// <summary>The key of a create with the hash of what it asks for; null where the caller sent none.</summary>
    public static Result<CreateRequest?> CreateOf<T>(HttpRequest http, T body)
    {
        var key = http.Headers[IdempotencyKey].ToString();
        if (key.Length == 0)
            return (CreateRequest?)null;
        if (key.Length > Limits.IdempotencyKeyLength || !key.All(c => c is > ' ' and < (char)127))
            return new Refusal(RefusalKind.Invalid, "idempotency.key", $"An Idempotency-Key has at most {Limits.IdempotencyKeyLength} printable ASCII characters.");
        return new CreateRequest(key, Digest.Of([.. JsonSerializer.SerializeToUtf8Bytes(http.Path.Value, s_json), .. JsonSerializer.SerializeToUtf8Bytes(body, s_json)]));
    }

    /// <summary>The revision that If-Match names; null when there is no such header.</summary>
    public static Result<int?> RevisionOf(HttpRequest http)
    {
        var text = http.Headers.IfMatch.ToString();
        if (text.Length == 0)
            return (int?)null;
        return text.Length is > 2 and < 13 && text[0] == '"' && text[^1] == '"' && int.TryParse(text.AsSpan(1, text.Length - 2), NumberStyles.None, CultureInfo.InvariantCulture, out var revision)
            ? revision
            : new Refusal(RefusalKind.Invalid, "precondition.invalid", "If-Match takes the one ETag that you read.");
    }

    public static IResult NeedsRevision() => new Refusal(RefusalKind.Invalid, "precondition.required", "An update names the revision that it changes.")
    {
        Remedy = "Read it, then send its ETag as If-Match.",
    }.ToProblem(StatusCodes.Status428PreconditionRequired);

    public static void SetRevision(HttpContext context, int revision) => context.Response.Headers.ETag = string.Create(CultureInfo.InvariantCulture, $"\"{revision}\"");

    public static IResult Answer(HttpContext context, Result<ChangeOutcome> result, bool created = false)
    {
        if (!result.Try(out var outcome, out var refusal))
            return refusal.ToProblem(refusal.Code == ChangeRules.Stale.Code ? StatusCodes.Status412PreconditionFailed : null);
        if (outcome.Revision is { } revision)
            SetRevision(context, revision);
        return TypedResults.Json(outcome, statusCode: outcome.Status == "pending" ? StatusCodes.Status202Accepted : created ? StatusCodes.Status201Created : StatusCodes.Status200OK);
    }
}
