using Merlon.Access.Changes;
using Merlon.Access.Contracts;
using Merlon.Access.Model;
using Merlon.Access.Policy;
using Merlon.Access.Storage;
using Merlon.Kernel;
using Microsoft.EntityFrameworkCore;

namespace Merlon.Access.Principals;

/// <summary>What is asked for: a person, or a service that a person answers for.</summary>
internal sealed record NewPrincipal(string Kind, string? Name, string? Role, int? ExpiresInSeconds, string? Owner = null);

/// <param name="Token">Shown once: null when the same create is answered again.</param>
internal sealed record CreatedPrincipal(string Principal, string Name, string Role, string? Token, DateTimeOffset ExpiresAt);

/// <summary>Makes, renews and disables principals.</summary>
internal sealed class PrincipalService(AccessDb db, AccessPolicy policy, SubjectKeys subjects, ControlEvents events, IGatewayPublisher gateways, TimeProvider time)
{
    private const int AccountDisable = 5, PasswordChange = 3;
    private static readonly TimeSpan s_maxLife = TimeSpan.FromDays(366);
    private static readonly TimeSpan s_defaultLife = TimeSpan.FromDays(90);
    private static readonly TimeSpan s_maxOverlap = TimeSpan.FromDays(7);

    public Task<Result<CreatedPrincipal>> CreateAsync(Caller caller, NewPrincipal asked, CreateRequest? request, CancellationToken cancellationToken) =>
        policy.ChangeAsync<Result<CreatedPrincipal>>(async before =>
        {
            if (!(await Replays.FindAsync<CreatedPrincipal>(db, caller, request, time.GetUtcNow(), cancellationToken)).Try(out var earlier, out var reused))
                return reused;
            if (earlier is not null)
                return earlier;
            var life = LifeOf(asked.ExpiresInSeconds);
            if (await CheckAsync(before, caller, asked, life, cancellationToken) is { } refusal)
                return refusal;
            var owner = asked.Kind == Principal.Person ? null : asked.Owner is null ? caller.Id : Subjects.FindMember(before.State, caller.Scope, asked.Owner)!.Id;
            var now = time.GetUtcNow();
            var (principal, token, credential) = await PrincipalFactory.CreateAsync(
                db, subjects, caller.Scope, asked.Name!, asked.Role!, now, life, cancellationToken, asked.Kind, owner, caller.Id);
            var created = new CreatedPrincipal(principal.Id, principal.Name, asked.Role!, credential.Text, token.NotAfter);
            Replays.Remember(db, caller, request, created with { Token = null }, now);
            await db.CommitAsync(
                events.By(caller, OcsfClass.AccountChange, ControlEvents.Create, asked.Kind == Principal.Person ? "principal.create" : "service.create",
                    new EventResource("principal", principal.Id), $"Created with role {asked.Role}.") with
                {
                    Personal = new PersonalFields(principal.Id, principal.SubjectPublicKey, [new("name", principal.Name)]),
                    Attributes = [("role", asked.Role)],
                },
                cancellationToken);
            return created;
        }, cancellationToken);

    private async Task<Refusal?> CheckAsync(AccessSnapshot before, Caller caller, NewPrincipal asked, TimeSpan life, CancellationToken cancellationToken)
    {
        var scope = caller.Scope;
        if (Names.Check("name", asked.Name) is { } invalid)
            return invalid;
        if (!before.State.IsRole(scope.Organisation, asked.Role ?? ""))
            return new Refusal(RefusalKind.Invalid, "role.unknown", $"There is no role '{Text.Printable(asked.Role, 40)}'.")
            {
                Remedy = $"Roles: {string.Join(", ", Permissions.Roles)}, and your own (merlon role list).",
            };
        if (life <= TimeSpan.Zero || life > s_maxLife)
            return Expiry();
        if (asked.Owner is not null && (Subjects.FindMember(before.State, scope, asked.Owner) is not { Enabled: true } owner || Subjects.IsKey(owner)))
            return new Refusal(RefusalKind.NotFound, "principal.unknown", $"There is no principal '{Text.Printable(asked.Owner, 63)}' to answer for it.");
        if (await db.Principals.AnyAsync(p => p.Organisation == scope.Organisation && p.Name == asked.Name, cancellationToken))
            return new Refusal(RefusalKind.Conflict, "principal.exists", $"There is already a principal '{asked.Name}'.");
        return PrincipalFactory.FirstBinding("", asked.Role!).Parse(Guid.Empty, scope, default, 1).Try(out var binding, out var refusal)
            ? ChangeRights.BeyondRole(before, caller.Id, binding)
            : refusal;
    }

    /// <param name="caller">Who asks.</param>
    /// <param name="name">The principal.</param>
    /// <param name="kind">The kind it must be; null takes either.</param>
    /// <param name="cancellationToken">Stops before anything is changed.</param>
    public async Task<Result<Unit>> DisableAsync(Caller caller, string name, string? kind, CancellationToken cancellationToken)
    {
        try
        {
            return await policy.ChangeAsync(before => DisableAsync(before, caller, name, kind, cancellationToken), cancellationToken);
        }
        finally
        {
            // Keys and workloads are known to the gateways; they hear of it before this is answered, also when the record waits for a full disk.
            await gateways.PublishAsync(CancellationToken.None);
        }
    }

    /// <summary>The principal, its sessions, the API keys that it made and the workloads that it enrolled end together.</summary>
    private async Task<Result<Unit>> DisableAsync(AccessSnapshot before, Caller caller, string name, string? kind, CancellationToken cancellationToken)
    {
        if (await FindAsync(caller.Scope, name, kind, cancellationToken) is not { } principal)
            return Unknown(name);
        if (principal.Id == caller.Id)
            return new Refusal(RefusalKind.Conflict, "principal.self", "You cannot disable yourself.");
        if (BeyondRolesOf(before, caller, principal.Id) is { } beyond)
            return beyond;
        var member = before.State.Members[principal.Id];
        var after = new AccessSnapshot(before.State with { Members = before.State.Members.SetItem(principal.Id, member with { Enabled = false }) });
        if (ChangeRights.LastOwner(before, after, caller.Scope.Organisation) is { } last)
            return last;
        var now = time.GetUtcNow();
        principal.DisabledAt ??= now;
        var sessions = await db.Tokens.Where(t => t.PrincipalId == principal.Id && t.RevokedAt == null).ToListAsync(cancellationToken);
        sessions.ForEach(t => t.RevokedAt = now);
        var keys = await db.ApiKeys.Where(k => k.CreatedBy == principal.Id && k.RevokedAt == null).ToListAsync(cancellationToken);
        keys.ForEach(k => k.RevokedAt = now);
        var workloads = await db.Workloads.Where(w => w.CreatedBy == principal.Id && w.RevokedAt == null).ToListAsync(cancellationToken);
        workloads.ForEach(w => (w.RevokedAt, w.Revision) = (now, w.Revision + 1));
        await db.CommitAsync(
            events.By(caller, OcsfClass.AccountChange, AccountDisable, "principal.disable", new EventResource("principal", principal.Id)) with
            {
                Attributes = [("sessions_ended", sessions.Count), ("keys_revoked", keys.Count), ("workloads_revoked", workloads.Count)],
            },
            cancellationToken);
        return Unit.Value;
    }

    /// <summary>A new token; the earlier ones end after the overlap.</summary>
    public Task<Result<CreatedPrincipal>> RotateAsync(Caller caller, string name, int? expiresInSeconds, int? overlapSeconds, CancellationToken cancellationToken) =>
        policy.ChangeAsync(before => RotateAsync(before, caller, name, expiresInSeconds, overlapSeconds, cancellationToken), cancellationToken);

    private async Task<Result<CreatedPrincipal>> RotateAsync(
        AccessSnapshot before, Caller caller, string name, int? expiresInSeconds, int? overlapSeconds, CancellationToken cancellationToken)
    {
        if (await FindAsync(caller.Scope, name, Principal.Service, cancellationToken) is not { DisabledAt: null } service)
            return Unknown(name);
        var (life, overlap, now) = (LifeOf(expiresInSeconds), TimeSpan.FromSeconds(overlapSeconds ?? 0), time.GetUtcNow());
        if (life <= TimeSpan.Zero || life > s_maxLife)
            return Expiry();
        if (overlap < TimeSpan.Zero || overlap > s_maxOverlap)
            return new Refusal(RefusalKind.Invalid, "overlap.invalid", "Two tokens live beside each other for at most seven days.");
        // A token that acts for the service is the service: who takes one must have what it has.
        if (BeyondRolesOf(before, caller, service.Id) is { } beyond)
            return beyond;
        foreach (var old in await db.Tokens.Where(t => t.PrincipalId == service.Id && t.RevokedAt == null && t.NotAfter > now + overlap).ToListAsync(cancellationToken))
            old.NotAfter = now + overlap;
        var credential = Credential.Mint(Credential.TokenPrefix);
        db.Tokens.Add(new AccessToken { Id = credential.Id, PrincipalId = service.Id, SecretHash = credential.SecretHash, CreatedAt = now, NotAfter = now + life });
        await db.CommitAsync(
            events.By(caller, OcsfClass.AccountChange, PasswordChange, "service.rotate", new EventResource("principal", service.Id), "New token; the earlier ones end.") with
            {
                Attributes = [("overlap_seconds", overlap.TotalSeconds)],
            },
            cancellationToken);
        return new CreatedPrincipal(service.Id, service.Name, before.RolesOf(service.Id), credential.Text, now + life);
    }

    /// <summary>Names the person who answers for a service from now on.</summary>
    public async Task<Result<Unit>> OwnAsync(Caller caller, string name, string? owner, CancellationToken cancellationToken)
    {
        if (await FindAsync(caller.Scope, name, Principal.Service, cancellationToken) is not { } service)
            return Unknown(name);
        if (await FindAsync(caller.Scope, owner ?? "", Principal.Person, cancellationToken) is not { DisabledAt: null } person)
            return Unknown(owner ?? "");
        service.OwnerId = person.Id;
        await db.CommitAsync(
            events.By(caller, OcsfClass.AccountChange, ControlEvents.Other, "service.own", new EventResource("principal", service.Id)) with { Attributes = [("owner", person.Id)] },
            cancellationToken);
        return Unit.Value;
    }

    private Task<Principal?> FindAsync(Scope scope, string name, string? kind, CancellationToken cancellationToken) => db.Principals.SingleOrDefaultAsync(
        p => p.Organisation == scope.Organisation && p.Project == scope.Project && p.Name == name && (kind == null || p.Kind == kind), cancellationToken);

    internal static Refusal? BeyondRolesOf(AccessSnapshot snapshot, Caller caller, string principal) => snapshot.BindingsOf(snapshot.State.Members[principal])
        .Where(b => b.Binding.Effect == BindingEffect.Allow)
        .Select(b => ChangeRights.BeyondRole(snapshot, caller.Id, b.Binding)).FirstOrDefault(refusal => refusal is not null);

    private static TimeSpan LifeOf(int? seconds) => seconds is { } given ? TimeSpan.FromSeconds(given) : s_defaultLife;

    internal static Refusal Unknown(string name) => new(RefusalKind.NotFound, "principal.unknown", $"There is no principal '{Text.Printable(name, 63)}'.");

    private static Refusal Expiry() =>
        new(RefusalKind.Invalid, "expiry.invalid", "A token lives between one second and 366 days.") { Remedy = "For example --expires 90d." };
}
