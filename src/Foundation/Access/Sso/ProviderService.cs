using System.Text;
using Merlon.Access.Changes;
using Merlon.Access.Contracts;
using Merlon.Access.Issuers;
using Merlon.Access.Model;
using Merlon.Access.People;
using Merlon.Access.Policy;
using Merlon.Access.Storage;
using Merlon.Kernel;
using Microsoft.EntityFrameworkCore;

namespace Merlon.Access.Sso;

/// <summary>What is asked for. A secret that is left out stays as it is.</summary>
internal sealed record ProviderForm(
    string? Issuer, string? ClientId, string? ClientSecret, string? Ca, IReadOnlyList<string>? Scopes, string? GroupsClaim, string? NameClaim, bool CreatesPeople,
    IReadOnlyList<string>? MfaAcr, IReadOnlyList<string>? MfaAmr)
{
    public ProviderSettings Settings => new(Scopes ?? ["profile"], GroupsClaim, NameClaim ?? "preferred_username", CreatesPeople, MfaAcr ?? [], MfaAmr ?? []);

    // Keeps the secret out of logs that print records.
    public override string ToString() => nameof(ProviderForm);
}

/// <summary>
/// Connects identity providers. Who changes one could sign in as anybody that it vouches for, so it takes an owner of the organisation.
/// </summary>
internal sealed class ProviderService(AccessDb db, AccessPolicy policy, PeopleSecrets secrets, ControlEvents events, TimeProvider time)
{
    private const int MaxSecret = 512, MaxClientId = 256, MaxSubject = 255;

    public static Refusal Unknown(string name) => new(RefusalKind.NotFound, "provider.unknown", $"There is no identity provider '{Text.Printable(name, 63)}'.") { Remedy = "See: merlon sso list" };

    /// <param name="caller">Who asks.</param>
    /// <param name="name">Its name here.</param>
    /// <param name="form">What for.</param>
    /// <param name="expected">The revision that is changed; null makes a new one.</param>
    /// <param name="cancellationToken">Stops before anything is changed.</param>
    /// <returns>The new revision.</returns>
    public Task<Result<int>> PutAsync(Caller caller, string name, ProviderForm form, int? expected, CancellationToken cancellationToken) => policy.ChangeAsync<Result<int>>(async before =>
    {
        if (Check(before, caller, name, form).Try(out var issuer, out var refusal) is false)
            return refusal;
        var row = await db.Providers.SingleOrDefaultAsync(p => p.Name == name, cancellationToken);
        if (row is not null && row.Organisation != caller.Scope.Organisation)
            return new Refusal(RefusalKind.Conflict, "provider.exists", $"The name '{name}' is taken.");
        if (row?.Revision != expected)
            return row is null ? Unknown(name) : expected is null ? new Refusal(RefusalKind.Conflict, "provider.exists", $"There is already an identity provider '{name}'.") : ChangeRules.Stale;
        if (row is null && await db.Providers.CountAsync(cancellationToken) >= Limits.IdentityProviders)
            return new Refusal(RefusalKind.Conflict, "provider.too-many", $"There are at most {Limits.IdentityProviders} identity providers.");
        // Subjects are an issuer's own; another issuer's equal subject is somebody else.
        if (row is not null && row.Issuer != issuer.Issuer && await db.Identities.AnyAsync(i => i.Provider == name, cancellationToken))
            return new Refusal(RefusalKind.Conflict, "provider.issuer", "People are linked to this provider's issuer, so it cannot become another.") { Remedy = "Add the new one under another name." };
        if (row is null)
            db.Providers.Add(row = new ProviderRow
            {
                Name = name, Organisation = caller.Scope.Organisation, Project = caller.Scope.Project, Issuer = "", ClientId = "", Settings = "", CreatedBy = caller.Id,
                CreatedAt = time.GetUtcNow(), Revision = 0,
            });
        (row.Issuer, row.CaPem, row.ClientId, row.Settings) = (issuer.Issuer, issuer.CaPem, form.ClientId!, form.Settings.ToJson());
        if (form.ClientSecret is { Length: > 0 } secret)
            row.ClientSecretSealed = await secrets.SealAsync(SealOf(name), Encoding.UTF8.GetBytes(secret), cancellationToken);
        row.Revision++;
        await db.CommitAsync(
            Of(caller, name, expected is null ? ControlEvents.Create : ControlEvents.Update, expected is null ? "provider.create" : "provider.update") with
            {
                Attributes = [("issuer", row.Issuer), ("creates_people", form.CreatesPeople ? "yes" : "no"), ("mfa_acr", string.Join(' ', form.Settings.MfaAcr)), ("mfa_amr", string.Join(' ', form.Settings.MfaAmr))],
            },
            cancellationToken);
        return row.Revision;
    }, cancellationToken);

    /// <summary>Removes it, its links and the sessions that rest on it.</summary>
    public Task<Result<Unit>> RemoveAsync(Caller caller, string name, CancellationToken cancellationToken) => policy.ChangeAsync<Result<Unit>>(async before =>
    {
        if (NeedsOwner(before, caller) is { } refusal)
            return refusal;
        if (await FindAsync(caller, name, cancellationToken) is not { } row)
            return Unknown(name);
        var prefix = Group.Of(name, "");
        if (before.State.Bindings.Values.Any(b => b.Subject.StartsWith(prefix, StringComparison.Ordinal))
            || before.State.Groups.Values.Any(g => g.Members.Any(m => m.StartsWith(prefix, StringComparison.Ordinal))))
            return new Refusal(RefusalKind.Conflict, "provider.used", $"Its groups still have bindings, or are in groups here.") { Remedy = $"See: merlon binding list, for subjects that begin with {prefix}" };
        var links = await db.Identities.Where(i => i.Provider == name).ToListAsync(cancellationToken);
        db.Identities.RemoveRange(links);
        await EndSessionsAsync(t => t.Provider == name, cancellationToken);
        db.Providers.Remove(row);
        await db.CommitAsync(Of(caller, name, ControlEvents.Delete, "provider.delete") with { Attributes = [("people", links.Count)] }, cancellationToken);
        return Unit.Value;
    }, cancellationToken);

    /// <summary>Ties a person to a subject of the provider. From then on they sign in there only; what they had before ends.</summary>
    public Task<Result<Unit>> LinkAsync(Caller caller, string name, string? person, string? subject, CancellationToken cancellationToken) => policy.ChangeAsync<Result<Unit>>(async before =>
    {
        if (NeedsOwner(before, caller) is { } refusal)
            return refusal;
        if (await FindAsync(caller, name, cancellationToken) is null)
            return Unknown(name);
        if (subject is not { Length: > 0 and <= MaxSubject } || subject.Any(char.IsControl))
            return new Refusal(RefusalKind.Invalid, "provider.subject", $"A subject has 1 to {MaxSubject} characters.") { Remedy = "It is the 'sub' of the person at the provider." };
        if (await PersonAsync(caller, person, cancellationToken) is not { } principal)
            return Principals.PrincipalService.Unknown(person ?? "");
        if (await db.Identities.AnyAsync(i => i.PrincipalId == principal.Id || (i.Provider == name && i.Subject == subject), cancellationToken))
            return new Refusal(RefusalKind.Conflict, "provider.linked", "This person, or this subject, is linked already.") { Remedy = $"Unlink first: merlon sso unlink {principal.Name}" };
        db.Identities.Add(new IdentityRow { Provider = name, Subject = subject, PrincipalId = principal.Id, Groups = "", CreatedAt = time.GetUtcNow() });
        // Whoever links decides who this person is from now on, as with an invitation: they are no second person to that one until they have shown to be.
        (principal.InvitedBy, principal.InvitedAt) = (caller.Id, time.GetUtcNow());
        if (await db.People.FindAsync([principal.Id], cancellationToken) is { } known)
            known.ProvedAt = null;
        var ended = await EndSessionsAsync(t => t.PrincipalId == principal.Id, cancellationToken);
        await db.CommitAsync(Of(caller, principal.Id, ControlEvents.Update, "provider.link", ended), cancellationToken);
        return Unit.Value;
    }, cancellationToken);

    public Task<Result<Unit>> UnlinkAsync(Caller caller, string? person, CancellationToken cancellationToken) => policy.ChangeAsync<Result<Unit>>(async before =>
    {
        if (NeedsOwner(before, caller) is { } refusal)
            return refusal;
        if (await PersonAsync(caller, person, cancellationToken) is not { } principal
            || await db.Identities.SingleOrDefaultAsync(i => i.PrincipalId == principal.Id, cancellationToken) is not { } link)
            return new Refusal(RefusalKind.NotFound, "provider.not-linked", $"'{Text.Printable(person, 63)}' is not linked to an identity provider.");
        db.Identities.Remove(link);
        var ended = await EndSessionsAsync(t => t.PrincipalId == principal.Id, cancellationToken);
        await db.CommitAsync(Of(caller, principal.Id, ControlEvents.Update, "provider.unlink", ended), cancellationToken);
        return Unit.Value;
    }, cancellationToken);

    public Task<ProviderRow?> FindAsync(Caller caller, string name, CancellationToken cancellationToken) =>
        db.Providers.SingleOrDefaultAsync(p => p.Name == name && p.Organisation == caller.Scope.Organisation, cancellationToken);

    /// <summary>What seals a provider's secret, so that it opens for no other.</summary>
    public static string SealOf(string name) => "provider:" + name;

    private static Result<IssuerAddress> Check(AccessSnapshot before, Caller caller, string name, ProviderForm form)
    {
        if (NeedsOwner(before, caller) is { } refusal)
            return refusal;
        if (Names.Check("identity provider", name) is { } invalid)
            return invalid;
        if (form.ClientId is not { Length: > 0 and <= MaxClientId } || form.ClientId.Any(char.IsControl) || form.ClientSecret?.Length > MaxSecret)
            return new Refusal(RefusalKind.Invalid, "provider.client", $"A client id has 1 to {MaxClientId} characters, a secret at most {MaxSecret}.");
        return form.Settings.Check() is { } wrong ? wrong : IssuerAddress.Parse(form.Issuer, form.Ca);
    }

    private static Refusal? NeedsOwner(AccessSnapshot snapshot, Caller caller) => ChangeRights.Owns(snapshot, caller.Id, caller.Scope.Organisation)
        ? null
        : new Refusal(RefusalKind.Forbidden, "provider.owner", "An identity provider vouches for anybody, so only an owner of the organisation connects or changes one.");

    private Task<Principal?> PersonAsync(Caller caller, string? person, CancellationToken cancellationToken) => db.Principals.SingleOrDefaultAsync(
        p => p.Organisation == caller.Scope.Organisation && p.Project == caller.Scope.Project && p.Name == person && p.Kind == Principal.Person && p.DisabledAt == null, cancellationToken);

    private async Task<int> EndSessionsAsync(System.Linq.Expressions.Expression<Func<AccessToken, bool>> which, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var open = await db.Tokens.Where(t => t.RevokedAt == null).Where(which).ToListAsync(cancellationToken);
        open.ForEach(t => t.RevokedAt = now);
        return open.Count;
    }

    private SecurityEvent Of(Caller caller, string what, int activity, string operation, int sessionsEnded) =>
        events.By(caller, OcsfClass.AccountChange, activity, operation, new EventResource("principal", what)) with { Severity = EventSeverity.Medium, Attributes = [("sessions_ended", sessionsEnded)] };

    private SecurityEvent Of(Caller caller, string what, int activity, string operation) =>
        events.By(caller, OcsfClass.EntityManagement, activity, operation, new EventResource("identity-provider", what)) with { Severity = EventSeverity.Medium };
}
