using System.Net;
using Merlon.Access.Policy;

namespace Merlon.Access.Tests.Policy;

/// <summary>1,000 principals in 100 groups with 10,000 bindings on single endpoints, a third of them with conditions.</summary>
internal static class ManyBindings
{
    public static AccessState State()
    {
        var state = new AccessState().WithMembers([.. Enumerable.Range(0, 1_000).Select(i => new Member($"p{i}", States.OrganisationA, States.Project, $"p{i}", Enabled: true))]);
        for (var g = 0; g < 100; g++)
            state = state.With(new Group(States.OrganisationA, $"g{g}", [.. Enumerable.Range(g * 10, 10).Select(i => $"p{i}")], 1));
        var conditions = new BindingConditions { Networks = [IPNetwork.Parse("10.0.0.0/8")], Environments = ["production"] };
        return state.With(
        [
            .. Enumerable.Range(0, 9_000).Select(i => States.Allow(
                "caller", $"p{i % 1_000}", BindingScope.OfResource(States.Project, "endpoint", $"e{i % 1_000 + (i / 1_000)}"), i % 3 == 0 ? conditions : null)),
            .. Enumerable.Range(0, 500).Select(i => States.Allow("auditor", $"group:g{i % 100}")),
            .. Enumerable.Range(0, 500).Select(i => States.Deny("caller", $"group:g{i % 100}", BindingScope.OfResource(States.Project, "endpoint", $"x{i}"))),
        ]);
    }
}
