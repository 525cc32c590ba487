using System.Net;
using Merlon.Access.Policy;
using static Merlon.Access.Tests.Policy.States;

namespace Merlon.Access.Tests.Policy;

public sealed class DecisionTests
{
    private static readonly AccessTarget s_fraud = new(OrganisationA, Project, "model", "fraud");
    private static readonly AccessTarget s_project = new(OrganisationA, Project);

    private static bool May(AccessState state, AccessTarget? target = null, AccessContext? context = null, string principal = "ann", string verb = "model:read") =>
        new AccessSnapshot(state).Decide(principal, verb, target ?? s_fraud, context ?? new AccessContext(Now)).Allowed;

    [Fact]
    public void Decide_NothingBound_IsDenied() => Assert.False(May(Empty));

    [Fact]
    public void Decide_ResourceScope_IsForThatResourceOnly()
    {
        var state = Empty.With(Allow("auditor", "ann", BindingScope.OfResource(Project, "model", "fraud")));
        Assert.True(May(state));
        Assert.False(May(state, s_project));
        Assert.False(May(state, s_fraud with { Name = "other" }));
        Assert.False(May(state, s_fraud with { Type = "endpoint" }));
        Assert.False(May(state, s_fraud with { Project = OtherProject }));
    }

    [Fact]
    public void Decide_DenyOnTheResource_WinsOverTheOrganisation()
    {
        var state = Empty.With(Allow("owner", "ann", BindingScope.Organisation), Deny("auditor", "ann", BindingScope.OfResource(Project, "model", "fraud")));
        Assert.False(May(state));
        Assert.True(May(state, s_fraud with { Name = "other" }));
        Assert.True(May(state, verb: "model:push"));
    }

    [Fact]
    public void Decide_NestedGroups_LeadToTheRole_AndTheExplanationNamesThem()
    {
        var state = Empty.With(new Group(OrganisationA, "g1", ["ann"], 1)).With(new Group(OrganisationA, "g2", ["group:g1"], 1)).With(Allow("auditor", "group:g2"));
        Assert.True(May(state));
        Assert.False(May(state, principal: "bob"));
        var explained = Explanation.Of(new AccessSnapshot(state), "ann", "model:read", s_fraud, new AccessContext(Now));
        Assert.Equal(["g1", "g2"], Assert.Single(explained.Chain).Path);
        Assert.Contains("through group g1 in g2", explained.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Decide_Disabled_IsDenied() =>
        Assert.False(May(Empty.WithMembers(new Member("ann", OrganisationA, Project, "ann", Enabled: false)).With(Allow("owner", "ann"))));

    [Theory]
    [InlineData("10.9.8.7", true)]
    [InlineData("11.0.0.1", false)]
    [InlineData("2001:db8::9", true)]
    [InlineData("2001:db9::9", false)]
    public void Decide_Networks_AreCompared(string source, bool allowed) => Assert.Equal(allowed, May(
        Empty.With(Allow("auditor", "ann", null, new BindingConditions { Networks = [IPNetwork.Parse("10.0.0.0/8"), IPNetwork.Parse("2001:db8::/32")] })),
        context: new AccessContext(Now, IPAddress.Parse(source))));

    [Theory]
    [InlineData(-1, false)]
    [InlineData(0, true)]
    [InlineData(59, true)]
    [InlineData(60, false)]
    public void Decide_TimeWindow_HoldsFromItsBeginningUntilBeforeItsEnd(int minutes, bool allowed) => Assert.Equal(allowed, May(
        Empty.With(Allow("auditor", "ann", null, new BindingConditions { NotBefore = Now, NotAfter = Now.AddHours(1) })),
        context: new AccessContext(Now.AddMinutes(minutes))));

    [Theory]
    [InlineData(22, true)]
    [InlineData(5, true)]
    [InlineData(6, false)]
    [InlineData(12, false)]
    public void Decide_HoursPastMidnight_AreOneSpan(int hour, bool allowed) => Assert.Equal(allowed, May(
        Empty.With(Allow("auditor", "ann", null, new BindingConditions { HoursFrom = new TimeOnly(22, 0), HoursUntil = new TimeOnly(6, 0) })),
        context: new AccessContext(Now.AddHours(hour - 12))));

    [Fact]
    public void Decide_UnknownContext_DoesNotAllow_AndDenies()
    {
        BindingConditions[] each =
        [
            new() { Environments = ["production"] }, new() { MaxMfaAge = TimeSpan.FromMinutes(5) }, new() { Regions = ["eu"] },
            new() { Networks = [IPNetwork.Parse("10.0.0.0/8")] },
        ];
        foreach (var condition in each)
        {
            Assert.False(May(Empty.With(Allow("auditor", "ann", null, condition))));
            Assert.False(May(Empty.With(Allow("auditor", "ann"), Deny("auditor", "ann", null, condition))));
        }
    }

    [Fact]
    public void Decide_TenThousandBindings_AllocatesNothingWhereItAllows()
    {
        var state = ManyBindings.State();
        var snapshot = new AccessSnapshot(state);
        var context = new AccessContext(Now, IPAddress.Parse("10.1.2.3"), "production");
        var target = new AccessTarget(OrganisationA, Project, "endpoint", "e7");
        for (var i = 0; i < 1_000; i++)
            Assert.True(snapshot.Decide("p7", "endpoint:invoke", target, context).Allowed);
        var before = GC.GetAllocatedBytesForCurrentThread();
        var allowed = 0;
        for (var i = 0; i < 10_000; i++)
            allowed += snapshot.Decide("p7", "endpoint:invoke", target, context).Allowed ? 1 : 0;
        var bytes = (GC.GetAllocatedBytesForCurrentThread() - before) / 10_000;
        Assert.Equal(10_000, allowed);
        var gate = System.Text.Json.JsonSerializer.Deserialize<Dictionary<string, long>>(File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "allocations.json")))!;
        Assert.True(bytes <= gate["access.decide"], $"A decision allocates {bytes} bytes.");
    }
}
