using Merlon.Access.Contracts;
using Merlon.Access.Policy;
using Merlon.Kernel;

namespace Merlon.Access.Changes;

/// <summary>Who may make a change, and when it takes a second person. Pure.</summary>
internal static class ChangeRights
{
    /// <summary>
    /// Nobody gives, takes or bends a right that they do not have themselves, where it holds: everywhere in it, and whatever the circumstances, since what is
    /// given outlives those of today. Null when the caller may.
    /// </summary>
    public static Refusal? Beyond(AccessSnapshot before, AccessSnapshot after, string caller, AccessContext context, Guid organisation)
    {
        foreach (var (state, binding) in Touched(before, after, organisation).Concat(Touched(after, before, organisation)))
        {
            var missing = before.Decide(caller, Permissions.AccessManage, TargetOf(binding), context).Allowed
                ? state.VerbsOf(organisation, binding.Role).FirstOrDefault(verb => !MayGive(before, caller, verb, binding))
                : Permissions.AccessManage;
            if (missing is not null)
            {
                return new Refusal(RefusalKind.Forbidden, "access.beyond",
                        $"This touches the role '{binding.Role}' on {binding.Scope}, and you do not have {missing} there yourself, everywhere and without conditions.")
                {
                    Remedy = "Ask someone who has it.",
                };
            }
        }
        return null;
    }

    /// <summary>May the caller give this role here?</summary>
    public static Refusal? BeyondRole(AccessSnapshot snapshot, string caller, Binding binding)
    {
        var missing = snapshot.State.VerbsOf(binding.Organisation, binding.Role).FirstOrDefault(verb => !MayGive(snapshot, caller, verb, binding));
        return missing is null ? null : new Refusal(RefusalKind.Forbidden, "access.beyond",
            $"The role '{binding.Role}' has {missing}, which you do not have yourself on {binding.Scope}, everywhere and without conditions.");
    }

    /// <summary>In no circumstances at all a condition surely holds, and a conditional deny may.</summary>
    private static bool MayGive(AccessSnapshot snapshot, string caller, string verb, Binding binding) =>
        snapshot.Holds(caller, verb, TargetOf(binding), default).Allowed && !IsDeniedWithin(snapshot, caller, verb, binding);

    /// <summary>A deny on a part of what is given: a decision about the whole does not look at it.</summary>
    private static bool IsDeniedWithin(AccessSnapshot snapshot, string caller, string verb, Binding given) => snapshot.State.Members.TryGetValue(caller, out var member)
        && snapshot.BindingsOf(member).Any(b => b.Binding.Effect == BindingEffect.Deny && LiesIn(b.Binding.Scope, given.Scope)
            && snapshot.State.VerbsOf(member.Organisation, b.Binding.Role).Contains(verb));

    private static bool LiesIn(BindingScope part, BindingScope whole) => whole.Level switch
    {
        ScopeLevel.Organisation => true,
        ScopeLevel.Project => part.Level != ScopeLevel.Organisation && part.Project == whole.Project,
        _ => false,
    };

    /// <summary>Whether the principal's own rights rest on anything that differs.</summary>
    public static bool TouchesOwn(AccessSnapshot before, AccessSnapshot after, string principal) => !Basis(before, principal).SetEquals(Basis(after, principal));

    /// <summary>Does the principal have everything in the whole organisation, whatever the circumstances?</summary>
    public static bool Owns(AccessSnapshot snapshot, string principal, Guid organisation) =>
        Permissions.All.All(verb => snapshot.Decide(principal, verb, new AccessTarget(organisation, Guid.Empty), default).Allowed);

    /// <summary>Enabled principals who surely own the organisation, whatever the circumstances.</summary>
    public static int Owners(AccessSnapshot snapshot, Guid organisation) => snapshot.State.Members.Values.Count(m =>
        m.Enabled && m.Organisation == organisation && !m.Id.StartsWith(Model.BreakGlassRow.PrincipalPrefix, StringComparison.Ordinal)
        && snapshot.BindingsOf(m).Any(b => b.Binding is { Role: Permissions.Owner, Effect: BindingEffect.Allow, Scope.Level: ScopeLevel.Organisation, Conditions: null })
        && Permissions.All.All(verb => snapshot.Holds(m.Id, verb, new AccessTarget(organisation, m.Project), default).Allowed));

    public static Refusal? LastOwner(AccessSnapshot before, AccessSnapshot after, Guid organisation) => Owners(after, organisation) == 0 && Owners(before, organisation) > 0
        ? new Refusal(RefusalKind.Conflict, "access.last-owner", "This would leave the organisation without an owner.") { Remedy = "Make another owner first." }
        : null;

    /// <summary>An organisation-wide binding is judged where no project's bindings help.</summary>
    private static AccessTarget TargetOf(Binding binding) => binding.Scope.Level switch
    {
        ScopeLevel.Organisation => new AccessTarget(binding.Organisation, Guid.Empty),
        ScopeLevel.Project => new AccessTarget(binding.Organisation, binding.Scope.Project),
        _ => new AccessTarget(binding.Organisation, binding.Scope.Project, binding.Scope.Type, binding.Scope.Name),
    };

    /// <summary>The bindings of one state that the other has otherwise: themselves, their role's verbs, or whom their group reaches.</summary>
    private static IEnumerable<(AccessState State, Binding Binding)> Touched(AccessSnapshot one, AccessSnapshot other, Guid organisation)
    {
        var groups = one.State.Groups.Values.Where(g => g.Organisation == organisation && other.State.Groups.GetValueOrDefault((organisation, g.Name)) != g)
            .SelectMany(g => one.SubjectsOf(g.Subject, organisation)).Select(s => s.Subject).ToHashSet(StringComparer.Ordinal);
        return one.State.Bindings.Values
            .Where(b => b.Organisation == organisation && (other.State.Bindings.GetValueOrDefault(b.Id) != b || groups.Contains(b.Subject)
                || one.State.Roles.GetValueOrDefault((organisation, b.Role)) != other.State.Roles.GetValueOrDefault((organisation, b.Role))))
            .Select(b => (one.State, b));
    }

    private static HashSet<(Binding, string)> Basis(AccessSnapshot snapshot, string principal) => snapshot.State.Members.TryGetValue(principal, out var member)
        ? [.. snapshot.BindingsOf(member).Select(b => (b.Binding, string.Join(' ', snapshot.State.VerbsOf(member.Organisation, b.Binding.Role).Order(StringComparer.Ordinal))))]
        : [];
}
