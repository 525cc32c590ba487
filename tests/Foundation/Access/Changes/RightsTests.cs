using System.Net;
using Merlon.ControlHost;

namespace Merlon.Access.Tests.Changes;

/// <summary>Who may change what, and what takes two.</summary>
public sealed class RightsTests : IAsyncLifetime
{
    private ControlHost.ControlHost _host = null!;

    private ControlClient Owner => _host.Owner!;

    public async Task InitializeAsync() => _host = await AccessHost.StartAsync();

    public async Task DisposeAsync()
    {
        Assert.Empty(_host.Faults);
        await _host.DisposeAsync();
    }

    [Fact]
    public async Task OwnRights_AreChangedBySomeoneElse()
    {
        var second = await _host.ProveAsync(await _host.AddAsync("second", "owner"), "second");
        var asked = await Owner.BindAsync("admin", "auditor", "model/fraud");
        Assert.Equal((HttpStatusCode.Accepted, "pending"), (asked.Status, asked.Text("status")));
        var change = asked.Text("change");
        Assert.Equal("change.own", (await Owner.PostAsync($"/access/changes/{change}/approve")).Code);
        Assert.Equal("access.forbidden", (await (await _host.AddAsync("aud", "auditor")).PostAsync($"/access/changes/{change}/approve")).Code);
        Assert.Equal("done", (await second.PostAsync($"/access/changes/{change}/approve")).Text("status"));
        Assert.Equal("change.unknown", (await second.PostAsync($"/access/changes/{change}/approve")).Code);
        Assert.Contains(_host.Events.Of("binding.create").Single().Attributes, a => a.Name == "requested_by" && a.Text == Owner.Principal);
    }

    [Fact]
    public async Task OwnRights_ThroughAGroupOrARole_TakeASecondPersonToo()
    {
        var second = await _host.ProveAsync(await _host.AddAsync("second", "owner"), "second");
        Assert.Equal("done", (await Owner.PostAsync("/roles", new { name = "readers", verbs = new[] { "model:read" } })).Text("status"));
        Assert.Equal("done", (await Owner.PostAsync("/groups", new { name = "inner", members = new[] { "second" } })).Text("status"));
        Assert.Equal("done", (await Owner.PostAsync("/groups", new { name = "team", members = new[] { "admin", "group:inner" } })).Text("status"));
        // Binding the team reaches the owner; widening what the team has does so too.
        Assert.Equal("pending", (await Owner.BindAsync("group:team", "readers")).Text("status"));
        var change = (await Owner.GetAsync("/access/changes")).Json!["items"]![0]!["id"]!.GetValue<string>();
        Assert.Equal("done", (await second.PostAsync($"/access/changes/{change}/approve")).Text("status"));
        Assert.Equal("pending", (await Owner.SendAsync(HttpMethod.Put, "/roles/readers", new { verbs = new[] { "model:read", "ledger:read" } }, ("If-Match", "\"1\""))).Answer.Text("status"));
        Assert.Equal("pending", (await Owner.SendAsync(HttpMethod.Put, "/groups/team", new { members = new[] { "second" } }, ("If-Match", "\"1\""))).Answer.Text("status"));
        Assert.Equal("done", (await Owner.PostAsync("/groups", new { name = "others", members = new[] { "second" } })).Text("status"));
    }

    [Fact]
    public async Task Rights_BeyondOnesOwn_CannotBeGivenTakenOrBent()
    {
        var officer = await _host.AddAsync("officer", "security-officer");
        await _host.AddAsync("ann", "caller");
        Assert.Equal("access.beyond", (await officer.BindAsync("ann", "owner")).Code);
        Assert.Equal("access.beyond", (await officer.BindAsync("ann", "ml-engineer")).Code);
        Assert.Equal("access.beyond", (await officer.BindAsync("ann", "auditor", "organisation")).Code);
        Assert.Equal("done", (await officer.BindAsync("ann", "approver")).Text("status"));
        var ofOwner = (await Owner.GetAsync("/bindings?role=owner")).Json!["items"]![0]!["id"]!.GetValue<string>();
        Assert.Equal("access.beyond", (await officer.DeleteAsync("/bindings/" + ofOwner)).Code);
        // A role or a group that carries more than the officer has is out of reach as well.
        await Owner.PostAsync("/roles", new { name = "pushers", verbs = new[] { "model:push" } });
        await Owner.PostAsync("/groups", new { name = "team", members = new[] { "ann" } });
        await Owner.BindAsync("group:team", "pushers");
        Assert.Equal("access.beyond", (await officer.SendAsync(HttpMethod.Put, "/roles/pushers", new { verbs = new[] { "model:read" } }, ("If-Match", "\"1\""))).Answer.Code);
        Assert.Equal("access.beyond", (await officer.SendAsync(HttpMethod.Put, "/groups/team", new { members = new[] { "officer" } }, ("If-Match", "\"1\""))).Answer.Code);
    }

    [Fact]
    public async Task Principals_WithMoreThanOnesOwnRights_CannotBeMadeDisabledOrSpokenFor()
    {
        await Owner.PostAsync("/roles", new { name = "people", verbs = new[] { "principal:manage", "model:read" } });
        var people = await _host.AddAsync("people", "people");
        await _host.AddAsync("second", "owner");
        await Owner.PostAsync("/services", new { name = "robot", role = "ml-engineer" });
        Assert.Equal("access.beyond", (await people.PostAsync("/principals", new { name = "x", role = "auditor" })).Code);
        Assert.Equal("access.beyond", (await people.DeleteAsync("/principals/second")).Code);
        Assert.Equal("access.beyond", (await people.PostAsync("/services/robot/rotate", new { })).Code);
        Assert.True((await people.PostAsync("/principals", new { name = "x", role = "people" })).IsSuccess);
        Assert.True((await people.DeleteAsync("/principals/x")).IsSuccess);
    }

    [Fact]
    public async Task LastOwner_CannotBeRemovedDeniedOrDisabled()
    {
        var second = await _host.AddAsync("second", "owner");
        Assert.True((await Owner.DeleteAsync("/principals/second")).IsSuccess);
        Assert.Equal(HttpStatusCode.Unauthorized, (await second.GetAsync("/whoami")).Status);
        var own = (await Owner.GetAsync("/bindings?subject=admin")).Json!["items"]![0]!["id"]!.GetValue<string>();
        Assert.Equal("access.last-owner", (await Owner.DeleteAsync("/bindings/" + own)).Code);
        Assert.Equal("access.last-owner", (await Owner.BindAsync("admin", "auditor", "project", "deny", new { networks = new[] { "192.0.2.0/24" } })).Code);
        Assert.Equal("access.last-owner", (await Owner.BindAsync("admin", "auditor", "project", "deny", new { notBefore = _host.Time.GetUtcNow().AddDays(9) })).Code);
        Assert.Equal("access.last-owner", (await Owner.SendAsync(HttpMethod.Put, "/bindings/" + own,
            new { role = "owner", subject = "admin", effect = "allow", scope = "organisation", conditions = new { hours = "08:00-18:00" } }, ("If-Match", "\"1\""))).Answer.Code);
    }

    [Fact]
    public async Task Groups_InThemselves_TooDeep_OrWithStrangers_AreRefused()
    {
        await _host.AddAsync("ann", "caller");
        await Owner.PostAsync("/groups", new { name = "g0", members = new[] { "ann" } });
        for (var i = 1; i < 8; i++)
            Assert.True((await Owner.PostAsync("/groups", new { name = $"g{i}", members = new[] { $"group:g{i - 1}" } })).IsSuccess);
        Assert.Equal("group.cycle", (await Owner.PostAsync("/groups", new { name = "g8", members = new[] { "group:g7" } })).Code);
        Assert.Equal("group.cycle", (await Owner.SendAsync(HttpMethod.Put, "/groups/g0", new { members = new[] { "group:g2" } }, ("If-Match", "\"1\""))).Answer.Code);
        Assert.Equal("group.cycle", (await Owner.PostAsync("/groups", new { name = "self", members = new[] { "group:self" } })).Code);
        Assert.Equal("group.member", (await Owner.PostAsync("/groups", new { name = "x", members = new[] { "nobody" } })).Code);
        Assert.Equal("group.member", (await Owner.PostAsync("/groups", new { name = "x", members = new[] { "\u0430nn" } })).Code);
        Assert.Equal("group.empty", (await Owner.PostAsync("/groups", new { name = "x", members = Array.Empty<string>() })).Code);
        Assert.Equal("group.used", (await Owner.DeleteAsync("/groups/g0")).Code);
        Assert.True((await Owner.DeleteAsync("/groups/g7")).IsSuccess);
    }

    [Theory]
    [InlineData("owner", "model:read", "role.builtin")]
    [InlineData("\u043ewner", "model:read", "name.invalid")]
    [InlineData("Owner", "model:read", "name.invalid")]
    [InlineData("own", "model:all", "role.verbs")]
    [InlineData("own", "*", "role.verbs")]
    [InlineData("own", "", "role.verbs")]
    public async Task Roles_Invalid_AreRefused(string name, string verb, string code) => Assert.Equal(code, (await Owner.PostAsync("/roles", new { name, verbs = new[] { verb } })).Code);

    [Fact]
    public async Task Roles_OfTheOrganisation_WorkLikeBuiltInOnes_AndAreKeptWhileBound()
    {
        Assert.True((await Owner.PostAsync("/roles", new { name = "readers", verbs = new[] { "model:read" } })).IsSuccess);
        Assert.Equal("role.exists", (await Owner.PostAsync("/roles", new { name = "readers", verbs = new[] { "model:read" } })).Code);
        var ann = await _host.AddAsync("ann", "readers");
        Assert.Equal(HttpStatusCode.OK, (await ann.GetAsync("/models/fraud")).Status);
        Assert.Equal(HttpStatusCode.Forbidden, (await ann.GetAsync("/keys")).Status);
        Assert.Equal("role.bound", (await Owner.DeleteAsync("/roles/readers")).Code);
    }
}
