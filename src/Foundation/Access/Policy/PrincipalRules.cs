using Merlon.Access.Contracts;

namespace Merlon.Access.Policy;

/// <summary>The bindings of one principal, own and through groups, arranged so that a decision looks at few of them.</summary>
internal sealed class PrincipalRules
{
    private readonly Dictionary<string, VerbRules> _verbs = new(StringComparer.Ordinal);
    private readonly HashSet<(BindingEffect, string, BindingScope)> _unconditional = [];

    public PrincipalRules(Member member, AccessState state, IEnumerable<Binding> bindings)
    {
        Member = member;
        foreach (var binding in bindings)
        {
            // Equal unconditional bindings decide alike: the first speaks for all.
            if (binding.Organisation == member.Organisation && (binding.Conditions is not null || _unconditional.Add((binding.Effect, binding.Role, binding.Scope))))
                Add(binding, state);
        }
    }

    public Member Member { get; }

    private void Add(Binding binding, AccessState state)
    {
        foreach (var verb in state.VerbsOf(binding.Organisation, binding.Role))
        {
            if (!_verbs.TryGetValue(verb, out var rules))
                _verbs[verb] = rules = new VerbRules();
            rules.Add(binding);
        }
    }

    /// <summary>1. Another tenant's: no. 2. A denying binding that holds, or may hold: no. 3. An allowing one that holds: yes. 4. Otherwise no.</summary>
    public Decision Decide(string verb, in AccessTarget target, in AccessContext context)
    {
        // 1
        if (target.Organisation != Member.Organisation || !_verbs.TryGetValue(verb, out var rules))
            return default;
        var organisation = rules.Organisation;
        var project = rules.Projects?.GetValueOrDefault(target.Project);
        var resource = target.Name is null ? null : rules.Resources?.GetValueOrDefault((target.Project, target.Type!, target.Name));
        // 2
        if ((organisation?.Denying(context) ?? project?.Denying(context) ?? resource?.Denying(context)) is { } denying)
            return new Decision(false, denying);
        // 3
        var allowing = organisation?.Allowing(context) ?? project?.Allowing(context) ?? resource?.Allowing(context);
        // 4
        return new Decision(allowing is not null, allowing);
    }

    private sealed class VerbRules
    {
        public ScopeRules? Organisation { get; private set; }
        public Dictionary<Guid, ScopeRules>? Projects { get; private set; }
        public Dictionary<(Guid Project, string Type, string Name), ScopeRules>? Resources { get; private set; }

        public void Add(Binding binding) => At(binding.Scope).Add(binding);

        private ScopeRules At(BindingScope scope) => scope.Level switch
        {
            ScopeLevel.Organisation => Organisation ??= new ScopeRules(),
            ScopeLevel.Project => At(Projects ??= [], scope.Project),
            _ => At(Resources ??= [], (scope.Project, scope.Type, scope.Name)),
        };

        private static ScopeRules At<TKey>(Dictionary<TKey, ScopeRules> rules, TKey key)
            where TKey : notnull => rules.TryGetValue(key, out var found) ? found : rules[key] = new ScopeRules();
    }

    private sealed class ScopeRules
    {
        private readonly List<Binding> _deny = [];
        private readonly List<Binding> _allow = [];

        public void Add(Binding binding)
        {
            var list = binding.Effect == BindingEffect.Deny ? _deny : _allow;
            // What holds in any case stands first, and nothing behind it can change the answer.
            if (binding.Conditions is null)
                list.Insert(0, binding);
            else
                list.Add(binding);
        }

        public Binding? Denying(in AccessContext context)
        {
            foreach (var binding in _deny)
            {
                if (binding.Conditions is null || binding.Conditions.Check(context) != Held.No)
                    return binding;
            }
            return null;
        }

        public Binding? Allowing(in AccessContext context)
        {
            foreach (var binding in _allow)
            {
                if (binding.Conditions is null || binding.Conditions.Check(context) == Held.Yes)
                    return binding;
            }
            return null;
        }
    }
}

/// <summary>The default is a refusal by nobody: nothing was found that allows.</summary>
/// <param name="Allowed">Whether it may be done.</param>
/// <param name="By">The binding that decided; null when none did.</param>
internal readonly record struct Decision(bool Allowed, Binding? By);
