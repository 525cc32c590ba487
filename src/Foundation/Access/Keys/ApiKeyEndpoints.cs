using System.Globalization;
using Merlon.Access.Contracts;
using Merlon.Access.Model;
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
    internal sealed record Created(string KeyId, string Name, string Endpoint, string Key, DateTimeOffset ExpiresAt, bool Effective);
    internal sealed record Summary(
        string KeyId, string Name, string Endpoint, string Principal, DateTimeOffset CreatedAt, DateTimeOffset ExpiresAt, DateTimeOffset? RevokedAt);
    internal sealed record Revoked(string KeyId, bool Effective);

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/keys", ListAsync).RequirePermission(Permissions.KeyRead);
        routes.MapPost("/keys", CreateAsync).RequirePermission(Permissions.KeyManage);
        routes.MapDelete("/keys/{key}", RevokeAsync).RequirePermission(Permissions.KeyManage);
    }

    private static async Task<IResult> ListAsync(Caller caller, AccessDb db, CancellationToken cancellationToken) => TypedResults.Ok(
        await db.ApiKeys.AsNoTracking()
            .Where(k => k.Organisation == caller.Scope.Organisation && k.Project == caller.Scope.Project)
            .OrderBy(k => k.CreatedAt)
            .Select(k => new Summary(k.KeyId, k.Name, k.EndpointName, k.Principal, k.CreatedAt, k.NotAfter, k.RevokedAt))
            .ToListAsync(cancellationToken));

    private static async Task<IResult> CreateAsync(
        CreateRequest request, Caller caller, AccessDb db, IEndpointDirectory endpoints, SubjectKeys subjects, IGatewayPublisher gateways, ControlEvents events,
        TimeProvider time, CancellationToken cancellationToken)
    {
        if (Check(request) is { } invalid)
            return invalid.ToProblem();
        var endpoint = await endpoints.FindAsync(caller.Scope, request.Endpoint, cancellationToken);
        if (endpoint is null)
            return new Refusal(RefusalKind.NotFound, "endpoint.unknown", $"There is no endpoint '{Text.Printable(request.Endpoint, 63)}'.")
            {
                Remedy = "Deploy a model to it first: merlon deploy NAME@N --endpoint ENDPOINT --env ENVIRONMENT.",
            }.ToProblem();
        var scope = caller.Scope;
        if (await db.ApiKeys.AnyAsync(
            k => k.Organisation == scope.Organisation && k.Project == scope.Project && k.Name == request.Name && k.RevokedAt == null, cancellationToken))
            return new Refusal(RefusalKind.Conflict, "key.exists", $"There is already a key '{request.Name}'.")
            {
                Remedy = "Revoke it first, or choose another name.",
            }.ToProblem();

        var (key, credential) = await MakeAsync(request, caller, endpoint, subjects, time.GetUtcNow(), cancellationToken);
        db.ApiKeys.Add(key);
        await db.CommitAsync(
            events.By(caller, OcsfClass.EntityManagement, ControlEvents.Create, "key.create", new EventResource("api-key", key.KeyId),
                $"API key for endpoint {endpoint.Name}.") with
            {
                Personal = new PersonalFields(key.Principal, key.SubjectPublicKey, [new("name", key.Name)]),
                Attributes =
                [
                    ("endpoint", endpoint.Name), ("caller", key.Principal), ("not_after", key.NotAfter.ToString("O", CultureInfo.InvariantCulture)),
                ],
            },
            cancellationToken);
        var effective = await gateways.PublishAsync(CancellationToken.None);
        return TypedResults.Ok(new Created(key.KeyId, key.Name, endpoint.Name, credential.Text, key.NotAfter, effective));
    }

    private static Refusal? Check(CreateRequest request)
    {
        if (Names.Check("key name", request.Name) is { } name)
            return name;
        if (request.ExpiresInSeconds <= 0 || request.ExpiresInSeconds > s_maxLife.TotalSeconds)
            return new Refusal(RefusalKind.Invalid, "expiry.invalid", "A key lives between one second and 366 days.") { Remedy = "For example --expires 90d." };
        return request.RatePerSecond is < 0.001 or > 1_000_000 or double.NaN
            ? new Refusal(RefusalKind.Invalid, "rate.invalid", "The rate must be between 0.001 and 1,000,000 calls per second.")
            : null;
    }

    private static async Task<(ApiKey Key, Credential Credential)> MakeAsync(
        CreateRequest request, Caller caller, EndpointReference endpoint, SubjectKeys subjects, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var credential = Credential.Mint(Credential.ApiKeyPrefix);
        var principal = "c_" + Guid.CreateVersion7(now).ToString("n");
        var key = new ApiKey
        {
            KeyId = credential.Id,
            Organisation = caller.Scope.Organisation,
            Project = caller.Scope.Project,
            Name = request.Name,
            EndpointId = endpoint.Id,
            EndpointName = endpoint.Name,
            SecretHash = credential.SecretHash,
            Principal = principal,
            SubjectPublicKey = await subjects.GetOrCreateAsync(caller.Scope, principal, cancellationToken),
            RatePerSecond = request.RatePerSecond,
            CreatedBy = caller.Id,
            CreatedAt = now,
            NotAfter = now.AddSeconds(request.ExpiresInSeconds),
        };
        return (key, credential);
    }

    /// <summary>By name or key id. Effective before the answer when all gateways are connected.</summary>
    private static async Task<IResult> RevokeAsync(
        string key, Caller caller, AccessDb db, IGatewayPublisher gateways, ControlEvents events, TimeProvider time, CancellationToken cancellationToken)
    {
        var scope = caller.Scope;
        var found = await db.ApiKeys.SingleOrDefaultAsync(
            k => k.Organisation == scope.Organisation && k.Project == scope.Project && k.RevokedAt == null && (k.Name == key || k.KeyId == key), cancellationToken);
        if (found is null)
            return new Refusal(RefusalKind.NotFound, "key.unknown", $"There is no active key '{Text.Printable(key, 63)}'.") { Remedy = "See 'merlon key list'." }.ToProblem();
        found.RevokedAt = time.GetUtcNow();
        bool effective;
        try
        {
            await db.CommitAsync(
                events.By(caller, OcsfClass.EntityManagement, ControlEvents.Delete, "key.revoke", new EventResource("api-key", found.KeyId)) with
                {
                    Attributes = [("endpoint", found.EndpointName), ("caller", found.Principal)],
                },
                cancellationToken);
        }
        finally
        {
            // Also when the record waits for a full disk: the key is revoked in the tables, and must be at the gateways.
            effective = await gateways.PublishAsync(CancellationToken.None);
        }
        return TypedResults.Ok(new Revoked(found.KeyId, effective));
    }
}
