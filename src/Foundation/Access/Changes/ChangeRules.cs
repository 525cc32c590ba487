using System.Collections.Immutable;
using Merlon.Access.Contracts;
using Merlon.Access.Model;
using Merlon.Access.Policy;
using Merlon.Kernel;

namespace Merlon.Access.Changes;

/// <summary>The state that a change leads to, or why there is none. Pure.</summary>
internal static class ChangeRules
{
    public static readonly Refusal Stale = new(RefusalKind.Conflict, "access.stale", "It was changed since you read it.") { Remedy = "Read it again, then try again." };

    public static Result<AccessState> Apply(AccessState state, Scope at, AccessChange change, DateTimeOffset now) => change switch
    {
        RoleChange role => ApplyRole(state, at, role),
        GroupChange group => ApplyGroup(state, at, group),
        BindingChange binding => ApplyBinding(state, at, binding, now),
        _ => throw new ArgumentOutOfRangeException(nameof(change), change.GetType().Name, "There is no such change."),
    };

    private static Result<AccessState> ApplyRole(AccessState state, Scope at, RoleChange change)
    {
        var key = (at.Organisation, change.Name);
        if (Names.Check("role", change.Name) is { } invalid)
            return invalid;
        if (Permissions.IsRole(change.Name))
            return Refuse(RefusalKind.Conflict, "role.builtin", $"The role '{change.Name}' is built in and cannot be changed.");
        if (Check("role", change, state.Roles.GetValueOrDefault(key)?.Revision) is { } refusal)
            return refusal;
        if (change.Verbs is null)
            return state.Bindings.Values.Any(b => b.Organisation == at.Organisation && b.Role == change.Name)
                ? Refuse(RefusalKind.Conflict, "role.bound", $"The role '{change.Name}' is still bound.", $"See: merlon binding list --role {change.Name}")
                : state with { Roles = state.Roles.Remove(key) };
        if (change.Verbs.Count == 0 || change.Verbs.Any(v => v is null || !Permissions.All.Contains(v)))
            return Refuse(RefusalKind.Invalid, "role.verbs", "A role is a list of known verbs.", $"Verbs: {string.Join(", ", Permissions.All.Order(StringComparer.Ordinal))}.");
        if (change.Expected == 0 && state.Roles.Keys.Count(k => k.Organisation == at.Organisation) >= Limits.RolesPerOrganisation)
            return Refuse(RefusalKind.Conflict, "role.too-many", $"An organisation has at most {Limits.RolesPerOrganisation} roles of its own.");
        return state with
        {
            Roles = state.Roles.SetItem(key, new CustomRole(at.Organisation, change.Name,
                [.. change.Verbs.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)], change.Expected + 1)),
        };
    }

    private static Result<AccessState> ApplyGroup(AccessState state, Scope at, GroupChange change)
    {
        var key = (at.Organisation, change.Name);
        if (Names.Check("group", change.Name) is { } invalid)
            return invalid;
        if (Check("group", change, state.Groups.GetValueOrDefault(key)?.Revision) is { } refusal)
            return refusal;
        var subject = Group.Prefix + change.Name;
        if (change.Members is null)
            return state.Bindings.Values.Any(b => b.Organisation == at.Organisation && b.Subject == subject)
                || state.Groups.Values.Any(g => g.Organisation == at.Organisation && g.Members.Contains(subject))
                ? Refuse(RefusalKind.Conflict, "group.used", $"The group '{change.Name}' has bindings or is in another group.")
                : state with { Groups = state.Groups.Remove(key) };
        if (change.Members.Count == 0 || change.Members.Contains(null!))
            return Refuse(RefusalKind.Invalid, "group.empty", "A group has at least one member.");
        if (change.Members.Count > Limits.MembersPerGroup)
            return Refuse(RefusalKind.Invalid, "group.too-large", $"A group has at most {Limits.MembersPerGroup} members.");
        if (change.Expected == 0 && state.Groups.Keys.Count(k => k.Organisation == at.Organisation) >= Limits.GroupsPerOrganisation)
            return Refuse(RefusalKind.Conflict, "group.too-many", $"An organisation has at most {Limits.GroupsPerOrganisation} groups.");
        var next = state with { Groups = state.Groups.SetItem(key, new Group(at.Organisation, change.Name, [.. change.Members.Distinct(StringComparer.Ordinal)], change.Expected + 1)) };
        if (change.Members.FirstOrDefault(m => !IsSubject(next, at.Organisation, m) || Subjects.IsMachine(m)) is { } stranger)
            return Refuse(RefusalKind.NotFound, "group.member", $"'{Text.Printable(stranger, 80)}' cannot be a member: it is no person, service or group here.");
        return Depth(next, at.Organisation) is not { } depth || depth > Limits.GroupDepth
            ? Refuse(RefusalKind.Conflict, "group.cycle", $"The group '{change.Name}' would be in itself, or more than {Limits.GroupDepth} groups deep.")
            : next;
    }

    private static Result<AccessState> ApplyBinding(AccessState state, Scope at, BindingChange change, DateTimeOffset now)
    {
        var old = state.Bindings.GetValueOrDefault(change.Id);
        // A binding of another tenant, or of another project, looks like none.
        if (old is not null && !IsVisible(old, at))
            old = null;
        if (Check("binding", change, old?.Revision) is { } refusal)
            return refusal;
        if (change.Form is null)
            return state with { Bindings = state.Bindings.Remove(change.Id) };
        if (!change.Form.Parse(change.Id, at, old?.CreatedAt ?? now, change.Expected + 1).Try(out var binding, out var invalid))
            return invalid;
        if (!state.IsRole(at.Organisation, binding.Role))
            return Refuse(RefusalKind.NotFound, "role.unknown", $"There is no role '{Text.Printable(binding.Role, 63)}'.", "See: merlon role list");
        if (!IsSubject(state, at.Organisation, binding.Subject))
            return Refuse(RefusalKind.NotFound, "principal.unknown", $"There is no principal or group '{Text.Printable(binding.Subject, 80)}'.");
        // The gateways know a machine's rights from their snapshot, which holds no conditions.
        if (binding.Conditions is not null && Subjects.IsMachine(binding.Subject))
            return Refuse(RefusalKind.Invalid, "binding.key", "A binding of an API key or a workload takes no conditions.");
        var all = state.Bindings.Values.Where(b => b.Organisation == at.Organisation && b.Id != binding.Id).ToList();
        if (all.Count >= Limits.BindingsPerOrganisation || all.Count(b => b.Subject == binding.Subject) >= Limits.BindingsPerSubject)
            return Refuse(RefusalKind.Conflict, "binding.too-many",
                $"An organisation has at most {Limits.BindingsPerOrganisation} bindings, a principal or group at most {Limits.BindingsPerSubject}.");
        return state with { Bindings = state.Bindings.SetItem(binding.Id, binding) };
    }

    public static bool IsVisible(Binding binding, Scope at) =>
        binding.Organisation == at.Organisation && (binding.Scope.Level == ScopeLevel.Organisation || binding.Scope.Project == at.Project);

    private static bool IsSubject(AccessState state, Guid organisation, string subject) => subject.StartsWith(Group.Prefix, StringComparison.Ordinal)
        ? state.Groups.ContainsKey((organisation, subject[Group.Prefix.Length..])) || state.IsProviderGroup(organisation, subject)
        : state.Members.TryGetValue(subject, out var member) && member.Organisation == organisation;

    private static Refusal? Check(string what, AccessChange change, int? revision)
    {
        if (revision is null && change.Expected != 0)
            return Refuse(RefusalKind.NotFound, what + ".unknown", $"There is no such {what}.");
        if (revision is not null && change.Expected == 0)
            return Refuse(RefusalKind.Conflict, what + ".exists", $"There is already such a {what}.");
        return revision is null || revision == change.Expected ? null : Stale;
    }

    /// <summary>How many groups lie in one another at most; null when one lies in itself.</summary>
    private static int? Depth(AccessState state, Guid organisation)
    {
        var depths = new Dictionary<string, int?>(StringComparer.Ordinal);
        int? Of(string name)
        {
            if (depths.TryGetValue(name, out var known))
                return known;
            depths[name] = null;
            var deepest = 0;
            if (state.Groups.TryGetValue((organisation, name), out var group))
            {
                foreach (var member in group.Members.Where(m => m.StartsWith(Group.Prefix, StringComparison.Ordinal)))
                {
                    if (Of(member[Group.Prefix.Length..]) is not { } depth)
                        return null;
                    deepest = Math.Max(deepest, depth);
                    if (deepest > Limits.GroupDepth)
                        break;
                }
            }
            return depths[name] = deepest + 1;
        }
        var most = 0;
        foreach (var name in state.Groups.Keys.Where(k => k.Organisation == organisation).Select(k => k.Name))
        {
            if (Of(name) is not { } depth)
                return null;
            most = Math.Max(most, depth);
        }
        return most;
    }

    private static Refusal Refuse(RefusalKind kind, string code, string detail, string? remedy = null) => new(kind, code, detail) { Remedy = remedy };
}
