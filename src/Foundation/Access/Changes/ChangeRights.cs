using Merlon.Access.Contracts;
using Merlon.Access.Policy;
using Merlon.Kernel;

namespace Merlon.Access.Changes;

/// <summary>Who may make a change, and when it takes a second person. Pure.</summary>
internal static class ChangeRights
{
    /// <summary>
    /// Nobody gives, takes or bends a right that they do not have themselves, where it holds. Null when the caller may.
    /// </summary>
    public static Refusal? Beyond(AccessSnapshot before, AccessSnapshot after, string caller, AccessContext context, Guid organisation)
    {
        foreach (var (state, binding) in Touched(before, after, organisation).Concat(Touched(after, before, organisation)))
        {
            foreach (var verb in state.VerbsOf(organisation, binding.Role).Prepend(Permissions.AccessManage))
            {
                if (!before.Decide(caller, verb, TargetOf(binding), context).Allowed)
                    return new Refusal(RefusalKind.Forbidden, "access.beyond",
                        $"This touches the role '{binding.Role}' on {binding.Scope}, and you do not have {verb} there yourself.")
                    {
                        Remedy = "Ask someone who has it.",
                    };
            }
        }
        return null;
    }

    /// <summary>May the caller give this role here?</summary>
    public static Refusal? BeyondRole(AccessSnapshot snapshot, string caller, AccessContext context, Binding binding)
    {
        var target = TargetOf(binding);
        var missing = snapshot.State.VerbsOf(binding.Organisation, binding.Role).FirstOrDefault(verb => !snapshot.Decide(caller, verb, target, context).Allowed);
        return missing is null ? null : new Refusal(RefusalKind.Forbidden, "access.beyond", $"The role '{binding.Role}' has {missing}, which you do not have yourself.");
    }

    /// <summary>Whether the principal's own rights rest on anything that differs.</summary>
    public static bool TouchesOwn(AccessSnapshot before, AccessSnapshot after, string principal) => !Basis(before, principal).SetEquals(Basis(after, principal));

    /// <summary>Enabled principals who surely own the organisation, whatever the circumstances.</summary>
    public static int Owners(AccessSnapshot snapshot, Guid organisation) => snapshot.State.Members.Values.Count(m =>
        m.Enabled && m.Organisation == organisation
        && snapshot.BindingsOf(m).Any(b => b.Binding is { Role: Permissions.Owner, Effect: BindingEffect.Allow, Scope.Level: ScopeLevel.Organisation, Conditions: null })
        && Permissions.All.All(verb => snapshot.Decide(m.Id, verb, new AccessTarget(organisation, m.Project), default).Allowed));

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
