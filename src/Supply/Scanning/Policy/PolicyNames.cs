using System.Collections.Frozen;
using System.Collections.Immutable;
using Merlon.Scanning.Contracts;
using Merlon.Scanning.Pickle;

namespace Merlon.Scanning.Policy;

/// <summary>The names that a signed policy adds to those of <c>names.txt</c>, which it cannot change.</summary>
internal sealed class PolicyNames
{
    private readonly FrozenDictionary<(string Module, string Name), AllowedName> _names;

    private PolicyNames(IEnumerable<PolicyName> names) =>
        // Asked again where it counts: a request that says more than a policy could is worth no more.
        _names = names.Where(name => NeverNames.Refuse(name.Module, name.Name) is null).DistinctBy(name => (name.Module, name.Name)).ToFrozenDictionary(
            name => (name.Module, name.Name),
            name => new AllowedName(name.Module, name.Name, name.Call ? NameUse.Refer | NameUse.Call : NameUse.Refer, $"policy: {name.Library}", name.Versions, name.Reason)
            {
                IsOfPolicy = true,
            });

    public static PolicyNames None { get; } = new([]);

    public static PolicyNames Of(ImmutableArray<PolicyName> names) => names.IsDefaultOrEmpty ? None : new PolicyNames(names);

    public AllowedName? Find(string module, string name) => PickleNames.Find(module, name) ?? _names.GetValueOrDefault((module, name));
}
