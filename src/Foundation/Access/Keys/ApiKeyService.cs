using System.Globalization;
using Merlon.Access.Changes;
using Merlon.Access.Contracts;
using Merlon.Access.Model;
using Merlon.Access.Policy;
using Merlon.Access.Storage;
using Merlon.Kernel;
using Microsoft.EntityFrameworkCore;
using static Merlon.Access.Keys.ApiKeyEndpoints;

namespace Merlon.Access.Keys;

/// <summary>Makes, rotates and revokes API keys. A key's right to its endpoint is a binding like any other.</summary>
internal sealed class ApiKeyService(
    AccessDb db, AccessPolicy policy, IEndpointDirectory endpoints, SubjectKeys subjects, IGatewayPublisher gateways, ControlEvents events, TimeProvider time)
{
    private static readonly TimeSpan s_maxOverlap = TimeSpan.FromDays(7);

    public async Task<Result<Created>> CreateAsync(
        Caller caller, ApiKeyEndpoints.CreateRequest request, Changes.CreateRequest? create, CancellationToken cancellationToken)
    {
        var endpoint = await endpoints.FindAsync(caller.Scope, request.Endpoint, cancellationToken);
        if (endpoint is null)
            return new Refusal(RefusalKind.NotFound, "endpoint.unknown", $"There is no endpoint '{Text.Printable(request.Endpoint, 63)}'.")
            {
                Remedy = "Deploy a model to it first: merlon deploy NAME@N --endpoint ENDPOINT --env ENVIRONMENT.",
            };
        var made = await policy.ChangeAsync<Result<Created>>(async before =>
        {
            if (BeyondKey(before, caller, endpoint.Name) is { } beyond)
                return beyond;
            if (!(await Replays.FindAsync<Created>(db, caller, create, time.GetUtcNow(), cancellationToken)).Try(out var earlier, out var reused))
                return reused;
            if (earlier is not null)
                return earlier;
            if (await Current(caller.Scope).AnyAsync(k => k.Name == request.Name, cancellationToken))
                return new Refusal(RefusalKind.Conflict, "key.exists", $"There is already a key '{request.Name}'.") { Remedy = "Revoke or rotate it, or choose another name." };
            return await MakeAsync(caller, request, create, endpoint, cancellationToken);
        }, cancellationToken);
        return made.Try(out var key, out _) ? key with { Effective = await gateways.PublishAsync(CancellationToken.None) } : made;
    }

    private async Task<Created> MakeAsync(
        Caller caller, ApiKeyEndpoints.CreateRequest request, Changes.CreateRequest? create, EndpointReference endpoint, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var credential = Credential.Mint(Credential.ApiKeyPrefix);
        var principal = ApiKey.PrincipalPrefix + Guid.CreateVersion7(now).ToString("n");
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
        db.ApiKeys.Add(key);
        db.Bindings.Add(ChangeWriter.Row(Guid.CreateVersion7(now), caller.Scope, new BindingForm("caller", principal, "allow", $"endpoint/{endpoint.Name}"), now));
        var created = new Created(key.KeyId, key.Name, endpoint.Name, credential.Text, key.NotAfter, Effective: false);
        Replays.Remember(db, caller, create, created with { Key = null }, now);
        await db.CommitAsync(Event(caller, ControlEvents.Create, "key.create", key, $"API key for endpoint {endpoint.Name}."), cancellationToken);
        return created;
    }

    /// <summary>A new secret under the same name and rights; the earlier one goes on for the overlap.</summary>
    public async Task<Result<Rotated>> RotateAsync(Caller caller, string name, RotateRequest request, CancellationToken cancellationToken)
    {
        var overlap = TimeSpan.FromSeconds(request.OverlapSeconds ?? 0);
        if (overlap < TimeSpan.Zero || overlap > s_maxOverlap)
            return new Refusal(RefusalKind.Invalid, "overlap.invalid", "Two keys live beside each other for at most seven days.") { Remedy = "For example --overlap 1h." };
        var rotated = await policy.ChangeAsync<Result<Rotated>>(async before =>
        {
            var now = time.GetUtcNow();
            var old = await Current(caller.Scope).SingleOrDefaultAsync(k => k.Name == name || k.KeyId == name, cancellationToken);
            if (old is null)
                return Unknown(name);
            if (BeyondKey(before, caller, old.EndpointName) is { } beyond)
                return beyond;
            var credential = Credential.Mint(Credential.ApiKeyPrefix);
            var key = new ApiKey
            {
                KeyId = credential.Id, Organisation = old.Organisation, Project = old.Project, Name = old.Name, EndpointId = old.EndpointId, EndpointName = old.EndpointName,
                SecretHash = credential.SecretHash, Principal = old.Principal, SubjectPublicKey = old.SubjectPublicKey, RatePerSecond = old.RatePerSecond,
                CreatedBy = caller.Id, CreatedAt = now, NotAfter = now.AddSeconds(request.ExpiresInSeconds),
            };
            old.ReplacedBy = key.KeyId;
            if (old.NotAfter > now + overlap)
                old.NotAfter = now + overlap;
            // One save: updates go before inserts, so the old key leaves the name before the new one takes it.
            db.ApiKeys.Add(key);
            await db.CommitAsync(Event(caller, ControlEvents.Update, "key.rotate", key, $"Takes the place of {old.KeyId}."), cancellationToken);
            return new Rotated(key.KeyId, key.Name, key.EndpointName, credential.Text, key.NotAfter, old.NotAfter, Effective: false);
        }, cancellationToken);
        return rotated.Try(out var done, out _) ? done with { Effective = await gateways.PublishAsync(CancellationToken.None) } : rotated;
    }

    /// <summary>Revokes what has this id, or every key of this name, also the one that a rotation left for its overlap.</summary>
    public async Task<Result<Revoked>> RevokeAsync(Caller caller, string key, CancellationToken cancellationToken)
    {
        var scope = caller.Scope;
        var found = await db.ApiKeys.Where(k => k.Organisation == scope.Organisation && k.Project == scope.Project && k.RevokedAt == null && (k.Name == key || k.KeyId == key))
            .OrderBy(k => k.ReplacedBy != null).ToListAsync(cancellationToken);
        if (found.Count == 0)
            return Unknown(key);
        bool effective;
        try
        {
            await policy.ChangeAsync(async _ =>
            {
                found.ForEach(k => k.RevokedAt = time.GetUtcNow());
                await db.CommitAsync(found.Select(k => Event(caller, ControlEvents.Delete, "key.revoke", k, null)), cancellationToken);
                return Unit.Value;
            }, cancellationToken);
        }
        finally
        {
            // Also when the record waits for a full disk: the key is revoked in the tables, and must be at the gateways.
            effective = await gateways.PublishAsync(CancellationToken.None);
        }
        return new Revoked(found[0].KeyId, effective);
    }

    /// <summary>Whoever holds a key may call: to make one, or to get its new secret, takes that right oneself.</summary>
    private static Refusal? BeyondKey(AccessSnapshot snapshot, Caller caller, string endpoint) =>
        new BindingForm("caller", caller.Id, "allow", $"endpoint/{endpoint}").Parse(Guid.Empty, caller.Scope, default, 1).Try(out var binding, out var refusal)
            ? ChangeRights.BeyondRole(snapshot, caller.Id, binding)
            : refusal;

    private IQueryable<ApiKey> Current(Scope scope) =>
        db.ApiKeys.Where(k => k.Organisation == scope.Organisation && k.Project == scope.Project && k.RevokedAt == null && k.ReplacedBy == null);

    private SecurityEvent Event(Caller caller, int activity, string operation, ApiKey key, string? message) =>
        events.By(caller, OcsfClass.EntityManagement, activity, operation, new EventResource("api-key", key.KeyId), message) with
        {
            Personal = activity == ControlEvents.Create ? new PersonalFields(key.Principal, key.SubjectPublicKey, [new("name", key.Name)]) : null,
            Attributes = [("endpoint", key.EndpointName), ("caller", key.Principal), ("not_after", key.NotAfter.ToString("O", CultureInfo.InvariantCulture))],
        };

    private static Refusal Unknown(string key) =>
        new(RefusalKind.NotFound, "key.unknown", $"There is no active key '{Text.Printable(key, 63)}'.") { Remedy = "See 'merlon key list'." };
}
