using Merlon.Access.Contracts;
using Merlon.Access.Model;
using Merlon.Access.Policy;
using Merlon.Access.Storage;
using Merlon.Kernel;
using Microsoft.EntityFrameworkCore;

namespace Merlon.Access.Sso;

/// <summary>Whom a provider vouches for, from a verified token.</summary>
/// <param name="Groups">The provider's groups, percent-encoded.</param>
internal sealed record VouchedFor(string Subject, string? Name, IReadOnlyList<string> Groups);

/// <summary>Finds the person whom a provider vouches for, makes them where that is wanted, and keeps their groups as the provider last named them.</summary>
internal sealed class SsoPeople(AccessDb db, AccessPolicy policy, SubjectKeys subjects, ControlEvents events, TimeProvider time)
{
    private const int MaxSuffix = 99;

    public static readonly Refusal NoAccount = new(RefusalKind.Forbidden, "sso.no-account", "You are known to your identity provider, but not here.") { Remedy = "Ask who runs Merlon to link you or to give one of your groups a role." };
    private static readonly Refusal s_disabled = new(RefusalKind.Forbidden, "sso.disabled", "Your account here is disabled.");

    public async Task<Result<Principal>> FindAsync(ProviderRow provider, ProviderSettings settings, VouchedFor who, CancellationToken cancellationToken)
    {
        var groups = string.Join(' ', who.Groups);
        // Most come with the groups that they had: nothing that decisions rest on changes, and nobody has to wait for anybody.
        if (await db.Identities.SingleOrDefaultAsync(i => i.Provider == provider.Name && i.Subject == who.Subject, cancellationToken) is { } known && known.Groups == groups)
        {
            known.LastAt = time.GetUtcNow();
            return await EnabledAsync(known.PrincipalId, cancellationToken);
        }
        return await policy.ChangeAsync<Result<Principal>>(async before =>
        {
            var identity = await db.Identities.SingleOrDefaultAsync(i => i.Provider == provider.Name && i.Subject == who.Subject, cancellationToken);
            if (identity is null)
                return await CreateAsync(before, provider, settings, who, groups, cancellationToken);
            if (!(await EnabledAsync(identity.PrincipalId, cancellationToken)).Try(out var principal, out var refusal))
                return refusal;
            (identity.Groups, identity.LastAt) = (groups, time.GetUtcNow());
            await db.CommitAsync(Of(principal, provider, who, ControlEvents.Update, "provider.groups", "The provider names other groups than before."), cancellationToken);
            return principal;
        }, cancellationToken);
    }

    private async Task<Result<Principal>> CreateAsync(
        AccessSnapshot before, ProviderRow provider, ProviderSettings settings, VouchedFor who, string groups, CancellationToken cancellationToken)
    {
        if (!settings.CreatesPeople || !before.AllowsAnything(provider.Organisation, who.Groups.Select(g => Group.Of(provider.Name, g))))
            return NoAccount;
        if (await FreeNameAsync(provider.Scope, who.Name, cancellationToken) is not { } name)
            return new Refusal(RefusalKind.Conflict, "sso.name", "The provider gives no name that a person here could have.");
        var (id, now) = (Principal.NewId(), time.GetUtcNow());
        var principal = new Principal
        {
            Id = id, Organisation = provider.Organisation, Project = provider.Project, Name = name, Kind = Principal.Person, CreatedBy = provider.CreatedBy,
            SubjectPublicKey = await subjects.GetOrCreateAsync(provider.Scope, id, cancellationToken), CreatedAt = now,
        };
        db.Principals.Add(principal);
        db.Identities.Add(new IdentityRow { Provider = provider.Name, Subject = who.Subject, PrincipalId = id, Groups = groups, CreatedAt = now, LastAt = now });
        await db.CommitAsync(
            Of(principal, provider, who, ControlEvents.Create, "principal.create", "Made at the first sign-in with the identity provider.") with
            {
                Personal = new PersonalFields(id, principal.SubjectPublicKey, [new("name", name)]),
            },
            cancellationToken);
        return principal;
    }

    private async Task<Result<Principal>> EnabledAsync(string id, CancellationToken cancellationToken)
    {
        var principal = await db.Principals.SingleAsync(p => p.Id == id, cancellationToken);
        return principal.DisabledAt is null ? principal : s_disabled;
    }

    /// <summary>
    /// The given name in our letters, with a number where it is taken: an equal name is no reason to take two people for one.
    /// </summary>
    private async Task<string?> FreeNameAsync(Scope scope, string? given, CancellationToken cancellationToken)
    {
        var local = (given ?? "").Split('@')[0].ToLowerInvariant();
        var plain = string.Concat(local.Select(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.' ? c : '-')).TrimStart('-', '_', '.');
        plain = plain[..Math.Min(plain.Length, Names.MaxLength - 3)];
        if (!Names.IsValid(plain))
            return null;
        for (var suffix = 1; suffix <= MaxSuffix; suffix++)
        {
            var name = suffix == 1 ? plain : $"{plain}-{suffix}";
            if (!await db.Principals.AnyAsync(p => p.Organisation == scope.Organisation && p.Project == scope.Project && p.Name == name, cancellationToken))
                return name;
        }
        return null;
    }

    private SecurityEvent Of(Principal principal, ProviderRow provider, VouchedFor who, int activity, string operation, string message) =>
        events.By("system:control", principal.Scope, OcsfClass.AccountChange, activity, operation, new EventResource("principal", principal.Id), message) with
        {
            Severity = EventSeverity.Medium,
            Attributes = [("provider", provider.Name), ("groups", who.Groups.Count)],
        };
}
