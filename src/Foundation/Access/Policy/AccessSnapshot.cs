using System.Collections.Concurrent;
using System.Collections.Frozen;

namespace Merlon.Access.Policy;

/// <summary>Decides, in memory and without side effects, from one immutable state. Deny wins; the default is deny.</summary>
internal sealed class AccessSnapshot
{
    private readonly ConcurrentDictionary<string, PrincipalRules> _rules = new(StringComparer.Ordinal);
    private readonly ILookup<string, Binding> _bindings;
    private readonly ILookup<string, Group> _parents;
    private readonly FrozenSet<Guid> _archived;

    public AccessSnapshot(AccessState state)
    {
        State = state;
        _bindings = state.Bindings.Values.OrderBy(b => b.Id).ToLookup(b => b.Subject, StringComparer.Ordinal);
        _archived = state.Projects.Values.Where(p => p.IsArchived).Select(p => p.Id).ToFrozenSet();
        _parents = state.Groups.Values.SelectMany(g => g.Members.Select(m => (Member: m, Group: g)))
            .ToLookup(p => p.Member, p => p.Group, StringComparer.Ordinal);
    }

    public static readonly AccessSnapshot Empty = new(new AccessState());

    public AccessState State { get; }

    /// <summary>May it be done? Allocates only at the first decision for a principal.</summary>
    public Decision Decide(string principal, string verb, in AccessTarget target, in AccessContext context) =>
        _archived.Count > 0 && IsStopped(verb, target.Project) ? default : Holds(principal, verb, target, context);

    /// <summary>Whether the project is archived and the verb one that ends with that.</summary>
    public bool IsStopped(string verb, Guid project) => ArchiveRules.Stops(verb) && _archived.Contains(project);

    public bool IsArchived(Guid project) => _archived.Contains(project);

    /// <summary>Whether the principal has any role in the project.</summary>
    public bool Reaches(string principal, Guid project) => State.Members.TryGetValue(principal, out var member)
        && BindingsOf(member).Any(b => b.Binding.Effect == BindingEffect.Allow && (b.Binding.Scope.Level == ScopeLevel.Organisation || b.Binding.Scope.Project == project));

    /// <summary>Does the principal have the right? In an archived project rights can still be taken away, so they still are what they are.</summary>
    public Decision Holds(string principal, string verb, in AccessTarget target, in AccessContext context)
    {
        if (!_rules.TryGetValue(principal, out var rules))
        {
            if (!State.Members.TryGetValue(principal, out var member))
                return default;
            rules = _rules.GetOrAdd(principal, new PrincipalRules(member, State, BindingsOf(member).Select(b => b.Binding)));
        }
        return rules.Member.Enabled ? rules.Decide(verb, target, context) : default;
    }

    /// <summary>Names of the roles that allow the principal something, for people.</summary>
    public string RolesOf(string principal) => State.Members.TryGetValue(principal, out var member)
        ? string.Join(", ", BindingsOf(member).Where(b => b.Binding.Effect == BindingEffect.Allow).Select(b => b.Binding.Role).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal))
        : "";

    /// <summary>Every binding that reaches the principal, each with the groups that lead to it, innermost first.</summary>
    public IEnumerable<(Binding Binding, IReadOnlyList<string> Path)> BindingsOf(Member member)
    {
        foreach (var (subject, path) in SubjectsOf(member.Id, member.Organisation))
        {
            foreach (var binding in _bindings[subject].Where(b => b.Organisation == member.Organisation))
                yield return (binding, path);
        }
    }

    /// <summary>Would somebody who is in these groups have any role?</summary>
    public bool AllowsAnything(Guid organisation, IEnumerable<string> groups) => groups.SelectMany(group => SubjectsOf(group, organisation))
        .Any(s => _bindings[s.Subject].Any(b => b.Organisation == organisation && b.Effect == BindingEffect.Allow));

    /// <summary>The subject and all groups that it is in, nearest first.</summary>
    public IEnumerable<(string Subject, IReadOnlyList<string> Path)> SubjectsOf(string subject, Guid organisation)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal) { subject };
        var queue = new Queue<(string Subject, IReadOnlyList<string> Path)>([(subject, [])]);
        foreach (var given in State.ProviderGroups.GetValueOrDefault(subject, []))
        {
            if (seen.Add(given))
                queue.Enqueue((given, [given[Group.Prefix.Length..]]));
        }
        while (queue.TryDequeue(out var next))
        {
            yield return next;
            foreach (var group in _parents[next.Subject].Where(g => g.Organisation == organisation && seen.Add(g.Subject)).OrderBy(g => g.Name, StringComparer.Ordinal))
                queue.Enqueue((group.Subject, [.. next.Path, group.Name]));
        }
    }
}
