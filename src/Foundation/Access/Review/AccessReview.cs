using Merlon.Access.Contracts;
using Merlon.Access.Model;
using Merlon.Access.Policy;
using Merlon.Access.Storage;

namespace Merlon.Access.Review;

/// <param name="Kind"><c>no-mfa</c>, <c>unused</c>, <c>over-broad</c>, <c>expired-binding</c>, <c>stale-key</c>, <c>break-glass-used</c>, <c>orphaned-service</c> or <c>disabled-principal</c>.</param>
/// <param name="Fix">One command that settles it.</param>
internal sealed record ReviewFinding(string Kind, string Subject, string Detail, string Fix);

/// <summary>What one principal may do in the project, and when it last did anything.</summary>
/// <param name="Unused">Verbs that it may use and did not within the time looked at.</param>
internal sealed record ReviewedPrincipal(
    string Principal, string Name, string Kind, string Roles, IReadOnlyList<string> May, DateTimeOffset? LastUsedAt, IReadOnlyList<string> Unused);

internal sealed record ReviewReport(DateTimeOffset At, int WithinDays, IReadOnlyList<ReviewedPrincipal> Principals, IReadOnlyList<ReviewFinding> Findings);

/// <summary>Finds rights that nobody needs. Pure: it reads one state and tells.</summary>
internal sealed class AccessReview(AccessSnapshot snapshot, Caller caller, DateTimeOffset now, int withinDays)
{
    /// <summary>A right that is younger than this has had no time to be used.</summary>
    private static readonly TimeSpan s_settling = TimeSpan.FromDays(14);
    private static readonly TimeSpan s_keyAge = TimeSpan.FromDays(90);

    private readonly List<ReviewFinding> _findings = [];

    private DateTimeOffset Since => now.AddDays(-withinDays);

    /// <param name="principals">Those of the project.</param>
    /// <param name="usage">When they last used which verb.</param>
    /// <param name="keys">The project's API keys.</param>
    /// <param name="protectedPeople">Ids of the people who have a second factor.</param>
    /// <param name="breakGlass">The sealed way in; null when there is none.</param>
    public ReviewReport Make(
        IReadOnlyList<Principal> principals, IReadOnlyList<UsageRow> usage, IReadOnlyList<ApiKey> keys, IReadOnlySet<string> protectedPeople, BreakGlassRow? breakGlass)
    {
        if (breakGlass is { OpenedAt: { } opened })
            Find("break-glass-used", BreakGlassRow.Name, $"Opened on {opened:yyyy-MM-dd HH:mm} UTC and not sealed again: there is no way in for the next emergency.", "merlon breakglass seal");
        foreach (var person in principals.Where(p => p is { Kind: Principal.Person, DisabledAt: null } && !protectedPeople.Contains(p.Id)))
        {
            if (Factors.MfaRules.IsRequiredFor(snapshot, person.Id))
                Find("no-mfa", person.Name, "Its role can change things, and it has no second factor: it can do nothing, and whoever has its code could enrol one.", $"merlon principal disable {person.Name}");
        }
        var used = usage.ToLookup(u => u.PrincipalId, StringComparer.Ordinal);
        var reviewed = principals.Where(p => p.DisabledAt is null).Select(p => Look(p, [.. used[p.Id]])).ToList();
        foreach (var service in principals.Where(p => p is { Kind: Principal.Service, DisabledAt: null } && !principals.Any(o => o.Id == p.OwnerId && o.DisabledAt is null)))
            Find("orphaned-service", service.Name, "Nobody who is still here answers for it.", $"merlon service disable {service.Name}");
        foreach (var binding in snapshot.State.Bindings.Values.Where(b => Changes.ChangeRules.IsVisible(b, caller.Scope)).OrderBy(b => b.Id))
            Look(binding, principals);
        foreach (var key in keys.Where(k => k is { RevokedAt: null, ReplacedBy: null } && k.NotAfter > now && k.CreatedAt <= now - s_keyAge))
            Find("stale-key", key.Name, $"The secret has been the same since {key.CreatedAt:yyyy-MM-dd}.", $"merlon key rotate {key.Name} --expires 90d --overlap 1d");
        return new ReviewReport(now, withinDays, reviewed, _findings);
    }

    private ReviewedPrincipal Look(Principal principal, IReadOnlyList<UsageRow> usage)
    {
        var member = snapshot.State.Members[principal.Id];
        var reached = snapshot.BindingsOf(member).Where(b => b.Binding.Effect == BindingEffect.Allow).ToList();
        var may = reached.SelectMany(b => snapshot.State.VerbsOf(member.Organisation, b.Binding.Role)).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).ToList();
        var recent = usage.Where(u => u.LastUsedAt >= Since).Select(u => u.Verb).ToHashSet(StringComparer.Ordinal);
        var last = usage.Count == 0 ? (DateTimeOffset?)null : usage.Max(u => u.LastUsedAt);
        // The only owner stays what it is: every fix would be refused. So does the sealed way in.
        var isOnlyOwner = principal.Kind == BreakGlassRow.Kind || IsOnlyOwner(member);
        if (!isOnlyOwner && principal.CreatedAt <= now - s_settling && recent.Count == 0 && reached.Count > 0)
            Find("unused", principal.Name, last is { } at ? $"Last used on {at:yyyy-MM-dd}." : "Never used.", $"merlon principal disable {principal.Name}");
        else if (!isOnlyOwner)
            LookForBroad(principal, reached.Select(b => b.Binding).Where(b => b.Subject == principal.Id), recent);
        return new ReviewedPrincipal(principal.Id, principal.Name, principal.Kind, snapshot.RolesOf(principal.Id), may, last, [.. may.Where(v => !recent.Contains(v))]);
    }

    private bool IsOnlyOwner(Member member) => Changes.ChangeRights.LastOwner(
        snapshot, new AccessSnapshot(snapshot.State with { Members = snapshot.State.Members.SetItem(member.Id, member with { Enabled = false }) }), member.Organisation) is not null;

    /// <summary>A role that is given directly and of which a smaller built-in one would have done.</summary>
    private void LookForBroad(Principal principal, IEnumerable<Binding> bindings, HashSet<string> recent)
    {
        foreach (var binding in bindings.Where(b => b.CreatedAt <= now - s_settling))
        {
            var verbs = snapshot.State.VerbsOf(binding.Organisation, binding.Role);
            var needed = recent.Where(verbs.Contains).ToList();
            var smaller = Permissions.Roles.Where(r => Permissions.Of(r).Count < verbs.Count && needed.TrueForAll(Permissions.Of(r).Contains) && Permissions.Of(r).All(verbs.Contains))
                .OrderBy(r => Permissions.Of(r).Count(v => !v.EndsWith(":read", StringComparison.Ordinal))).ThenBy(r => Permissions.Of(r).Count).ThenBy(r => r, StringComparer.Ordinal).FirstOrDefault();
            if (needed.Count > 0 && smaller is not null)
                Find("over-broad", principal.Name, $"Of {verbs.Count} verbs of {binding.Role} it used {needed.Count} in {withinDays} days; {smaller} has them all.",
                    $"merlon binding update {binding.Id} --role {smaller}");
        }
    }

    private void Look(Binding binding, IReadOnlyList<Principal> principals)
    {
        if (binding.Conditions?.NotAfter <= now)
            Find("expired-binding", Subjects.NameOf(snapshot.State, binding.Subject), $"Role {binding.Role} on {binding.Scope} ended.", $"merlon binding remove {binding.Id}");
        else if (principals.FirstOrDefault(p => p.Id == binding.Subject) is { DisabledAt: not null, Kind: not BreakGlassRow.Kind } gone)
            Find("disabled-principal", gone.Name, $"It still has role {binding.Role} on {binding.Scope}.", $"merlon binding remove {binding.Id}");
    }

    private void Find(string kind, string subject, FormattableString detail, string fix) =>
        _findings.Add(new ReviewFinding(kind, subject, FormattableString.Invariant(detail), fix));

    private void Find(string kind, string subject, string detail, string fix) => _findings.Add(new ReviewFinding(kind, subject, detail, fix));
}
