using Merlon.Access.Changes;
using Merlon.Access.Contracts;
using Merlon.Access.Storage;
using Merlon.Kernel;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.EntityFrameworkCore;

namespace Merlon.Access.Keys;

/// <summary>API keys of callers: made for one endpoint, shown once, revoked at once.</summary>
internal static class ApiKeyEndpoints
{
    private static readonly TimeSpan s_maxLife = TimeSpan.FromDays(366);

    internal sealed record CreateRequest(string Name, string Endpoint, int ExpiresInSeconds, double? RatePerSecond);
    internal sealed record Created(string KeyId, string Name, string Endpoint, string? Key, DateTimeOffset ExpiresAt, bool Effective);
    internal sealed record Summary(
        string KeyId, string Name, string Endpoint, string Principal, DateTimeOffset CreatedAt, DateTimeOffset ExpiresAt, DateTimeOffset? RevokedAt);
    internal sealed record Revoked(string KeyId, bool Effective);

    internal sealed record RotateRequest(int ExpiresInSeconds, int? OverlapSeconds);
    internal sealed record Rotated(string KeyId, string Name, string Endpoint, string Key, DateTimeOffset ExpiresAt, DateTimeOffset EarlierUntil, bool Effective);

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/keys", ListAsync).RequirePermission(Permissions.KeyRead).Produces<Page<Summary>>();
        routes.MapPost("/keys", CreateAsync).RequirePermission(Permissions.KeyManage).Produces<Created>().TakesIdempotencyKey();
        routes.MapPost("/keys/{key}/rotate", RotateAsync).RequirePermission(Permissions.KeyManage).Produces<Rotated>();
        routes.MapDelete("/keys/{key}", RevokeAsync).RequirePermission(Permissions.KeyManage).Produces<Revoked>();
    }

    private static async Task<IResult> ListAsync(string? after, int? limit, Caller caller, AccessDb db, CancellationToken cancellationToken)
    {
        if (!PageRequest.Of(after, limit).Try(out var page, out var refusal))
            return refusal.ToProblem();
        // A name may be that of several keys: revoked ones, and the two of a rotation.
        var (name, id) = page.Halves;
        var found = await db.ApiKeys.AsNoTracking()
            .Where(k => k.Organisation == caller.Scope.Organisation && k.Project == caller.Scope.Project
                && (string.Compare(k.Name, name) > 0 || (k.Name == name && string.Compare(k.KeyId, id) > 0)))
            .OrderBy(k => k.Name).ThenBy(k => k.KeyId).Take(page.Rows)
            .Select(k => new Summary(k.KeyId, k.Name, k.EndpointName, k.Principal, k.CreatedAt, k.NotAfter, k.RevokedAt))
            .ToListAsync(cancellationToken);
        return TypedResults.Ok(page.Cut(found, s => $"{s.Name}\n{s.KeyId}"));
    }

    private static async Task<IResult> CreateAsync(
        CreateRequest request, Caller caller, ApiKeyService keys, HttpContext context, CancellationToken cancellationToken) =>
        Check(request) is { } invalid ? invalid.ToProblem()
        : ChangeHttp.CreateOf(context.Request, request).Try(out var create, out var refusal) ? (await keys.CreateAsync(caller, request, create, cancellationToken)).ToHttp()
        : refusal.ToProblem();

    private static async Task<IResult> RotateAsync(string key, RotateRequest request, Caller caller, ApiKeyService keys, CancellationToken cancellationToken) =>
        CheckExpiry(request.ExpiresInSeconds) is { } invalid ? invalid.ToProblem() : (await keys.RotateAsync(caller, key, request, cancellationToken)).ToHttp();

    /// <summary>By name or key id. Effective before the answer when all gateways are connected.</summary>
    private static async Task<IResult> RevokeAsync(string key, Caller caller, ApiKeyService keys, CancellationToken cancellationToken) =>
        (await keys.RevokeAsync(caller, key, cancellationToken)).ToHttp();

    private static Refusal? Check(CreateRequest request)
    {
        if (Names.Check("key name", request.Name) is { } name)
            return name;
        if (CheckExpiry(request.ExpiresInSeconds) is { } expiry)
            return expiry;
        return request.RatePerSecond is < 0.001 or > 1_000_000 or double.NaN
            ? new Refusal(RefusalKind.Invalid, "rate.invalid", "The rate must be between 0.001 and 1,000,000 calls per second.")
            : null;
    }

    private static Refusal? CheckExpiry(int seconds) => seconds > 0 && seconds <= s_maxLife.TotalSeconds
        ? null
        : new Refusal(RefusalKind.Invalid, "expiry.invalid", "A key lives between one second and 366 days.") { Remedy = "For example --expires 90d." };
}
