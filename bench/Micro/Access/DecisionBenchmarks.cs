using System.Net;
using BenchmarkDotNet.Attributes;
using Merlon.Access.Policy;

namespace Merlon.Bench.Access;

/// <summary>1,000,000 decisions over 10,000 bindings of 1,000 principals in 100 groups: the time stated is that of one decision.</summary>
[MemoryDiagnoser]
public class DecisionBenchmarks
{
    private const int Decisions = 1_000_000;
    private const int Principals = 1_000;
    private static readonly Guid s_organisation = new("00000000-0000-7000-8000-00000000000a");
    private static readonly Guid s_project = new("00000000-0000-7000-8000-00000000000b");
    private static readonly DateTimeOffset s_now = new(2026, 3, 4, 12, 0, 0, TimeSpan.Zero);
    private readonly string[] _principals = [.. Enumerable.Range(0, Principals).Select(i => $"p{i}")];
    private readonly string[] _endpoints = [.. Enumerable.Range(0, Principals).Select(i => $"e{i}")];
    private AccessSnapshot _snapshot = AccessSnapshot.Empty;

    [GlobalSetup]
    public void SetUp()
    {
        var conditions = new BindingConditions { Networks = [IPNetwork.Parse("10.0.0.0/8")], Environments = ["production"] };
        var state = new AccessState
        {
            Members = new AccessState().Members.AddRange(_principals.Select(p => KeyValuePair.Create(p, new Member(p, s_organisation, s_project, p, Enabled: true)))),
            Groups = new AccessState().Groups.AddRange(Enumerable.Range(0, 100).Select(g => KeyValuePair.Create(
                (s_organisation, $"g{g}"), new Group(s_organisation, $"g{g}", [.. _principals[(g * 10)..((g * 10) + 10)]], 1)))),
        };
        var bindings = Enumerable.Range(0, 9_000).Select(i => Bind(
                "caller", _principals[i % Principals], BindingEffect.Allow, Endpoint((i + (i / Principals)) % Principals), i % 3 == 0 ? conditions : null))
            .Concat(Enumerable.Range(0, 500).Select(i => Bind("auditor", $"group:g{i % 100}", BindingEffect.Allow, BindingScope.OfProject(s_project), null)))
            .Concat(Enumerable.Range(0, 500).Select(i => Bind("caller", $"group:g{i % 100}", BindingEffect.Deny, BindingScope.OfResource(s_project, "endpoint", $"x{i}"), null)));
        _snapshot = new AccessSnapshot(state with { Bindings = state.Bindings.AddRange(bindings.Select(b => KeyValuePair.Create(b.Id, b))) });
        Decide();
    }

    private BindingScope Endpoint(int index) => BindingScope.OfResource(s_project, "endpoint", _endpoints[index]);

    private static Binding Bind(string role, string subject, BindingEffect effect, BindingScope scope, BindingConditions? conditions) =>
        new(Guid.CreateVersion7(), s_organisation, role, subject, effect, scope, conditions, s_now, 1);

    [Benchmark(OperationsPerInvoke = Decisions)]
    public int Decide()
    {
        var context = new AccessContext(s_now, IPAddress.Loopback, "production");
        var allowed = 0;
        for (var i = 0; i < Decisions; i++)
        {
            var target = new AccessTarget(s_organisation, s_project, "endpoint", _endpoints[(i + (i / Principals % 12)) % Principals]);
            allowed += _snapshot.Decide(_principals[i % Principals], "endpoint:invoke", target, context).Allowed ? 1 : 0;
        }
        return allowed;
    }

    /// <summary>What a change costs before the next decision: all indexes anew, the rules of one principal.</summary>
    [Benchmark]
    public bool DecideFirst() => new AccessSnapshot(_snapshot.State).Decide("p1", "endpoint:invoke", new AccessTarget(s_organisation, s_project, "endpoint", "e1"), new AccessContext(s_now)).Allowed;
}
