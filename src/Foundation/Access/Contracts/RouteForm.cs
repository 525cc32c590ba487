using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace Merlon.Access.Contracts;

/// <summary>What of a route cannot be read from its handler: headers, and bodies of bytes. For the description of the API; it changes nothing.</summary>
public abstract record RouteForm
{
    /// <summary>A create that may be sent twice takes an <c>Idempotency-Key</c>.</summary>
    public sealed record IdempotencyKey : RouteForm;

    /// <summary>What is read carries its revision as an <c>ETag</c>.</summary>
    public sealed record Revision : RouteForm;

    /// <summary>A change names the revision that it changes in <c>If-Match</c>, and its answer carries the new one.</summary>
    /// <param name="IsRequired">Without it the change is refused with 428.</param>
    public sealed record ChangesRevision(bool IsRequired) : RouteForm;

    /// <summary>The body is bytes, not JSON.</summary>
    public sealed record TakesBytes : RouteForm;

    /// <summary>The answer is not JSON.</summary>
    public sealed record GivesBytes(string MediaType) : RouteForm;
}

public static class RouteFormExtensions
{
    public static RouteHandlerBuilder TakesIdempotencyKey(this RouteHandlerBuilder builder) => builder.WithMetadata(new RouteForm.IdempotencyKey());

    public static RouteHandlerBuilder GivesRevision(this RouteHandlerBuilder builder) => builder.WithMetadata(new RouteForm.Revision());

    public static RouteHandlerBuilder ChangesRevision(this RouteHandlerBuilder builder, bool isRequired = true) => builder.WithMetadata(new RouteForm.ChangesRevision(isRequired));

    public static RouteHandlerBuilder TakesBytes(this RouteHandlerBuilder builder) => builder.WithMetadata(new RouteForm.TakesBytes());

    public static RouteHandlerBuilder GivesBytes(this RouteHandlerBuilder builder, string mediaType = "application/octet-stream") => builder.WithMetadata(new RouteForm.GivesBytes(mediaType));

    /// <summary>Answers with 204 and no body.</summary>
    public static RouteHandlerBuilder GivesNothing(this RouteHandlerBuilder builder) => builder.Produces(StatusCodes.Status204NoContent);
}
