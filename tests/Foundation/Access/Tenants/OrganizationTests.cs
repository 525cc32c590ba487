using System.Net;
using Merlon.Access.Tests.Changes;
using Merlon.ControlHost;

namespace Merlon.Access.Tests.Tenants;

public sealed class OrganizationTests : IAsyncLifetime
{
    private ControlHost.ControlHost _host = null!;

    private ControlClient Owner => _host.Owner!;

    public async Task InitializeAsync() => _host = await AccessHost.StartAsync();

    public async Task DisposeAsync()
    {
        Assert.Empty(_host.Faults);
        await _host.DisposeAsync();
    }

    private async Task<ControlClient> MakeAsync(string name, string owner)
    {
        var made = await Owner.PostAsync("/organizations", new { name, owner });
        Assert.Equal(HttpStatusCode.Created, made.Status);
        return await _host.EnrolAsync(_host.Client(made.Text("token"), made.Text("principal")));
    }

    [Fact]
    public async Task Organization_Made_HasAnOwnerWhoEnrols_AndWhoSeesNothingOfTheOther()
    {
        var acme = await MakeAsync("acme", "boss");
        Assert.Equal("owner", (await acme.GetAsync("/whoami")).Text("role"));
        Assert.Equal(["boss"], (await acme.GetAsync("/principals")).Json!["items"]!.AsArray().Select(p => p!["name"]!.GetValue<string>()));
        // The same names mean other things in it.
        Assert.True((await acme.PostAsync("/principals", new { name = "admin", role = "auditor" })).IsSuccess);
        Assert.True((await acme.PostAsync("/projects", new { name = "beta" })).IsSuccess);
        Assert.DoesNotContain("beta", (await Owner.GetAsync("/projects")).Body, StringComparison.Ordinal);
        Assert.Equal("project.unknown", (await Owner.SendAsync(HttpMethod.Get, "/keys", null, ("X-Merlon-Project", "beta"))).Answer.Code);
        Assert.Equal("principal.unknown", (await acme.BindAsync(Owner.Principal, "auditor")).Code);
        Assert.Equal(["acme", "default"], (await Owner.GetAsync("/organizations")).Json!["items"]!.AsArray().Select(o => o!["name"]!.GetValue<string>()));
    }

    [Fact]
    public async Task Organizations_AreForTheInstallationsOwnerAlone()
    {
        var acme = await MakeAsync("acme", "boss");
        Assert.Equal("access.forbidden", (await acme.PostAsync("/organizations", new { name = "mine", owner = "me" })).Code);
        Assert.Equal("access.forbidden", (await acme.GetAsync("/organizations")).Code);
        Assert.Equal("access.forbidden", (await (await _host.AddAsync("officer", "security-officer")).GetAsync("/organizations")).Code);
    }

    [Theory]
    [InlineData("acme", "boss", "organization.exists")]
    [InlineData("default", "boss", "organization.exists")]
    [InlineData("Acme", "boss", "name.invalid")]
    [InlineData("other", "", "name.invalid")]
    [InlineData("other@acme", "boss", "name.invalid")]
    public async Task Organization_Invalid_IsRefused(string name, string owner, string code)
    {
        await MakeAsync("acme", "boss");
        Assert.Equal(code, (await Owner.PostAsync("/organizations", new { name, owner })).Code);
    }

    [Fact]
    public async Task Person_OfAnOrganization_SignsInWithItsName()
    {
        var boss = await MakeAsync("acme", "boss");
        var again = await _host.ProveAsync(boss, "boss@acme");
        Assert.Equal(boss.Principal, (await again.GetAsync("/whoami")).Text("principal"));
        foreach (var name in (string[])["boss", "boss@default", "boss@nowhere", "admin@acme"])
            Assert.Equal("signin.failed", (await ControlAnswer.ReadAsync(await _host.Anonymous.PostAsync("/sign-in", ControlClient.Json(new { name, password = "orchid lantern tundra quill 7" })))).Code);
    }

    [Fact]
    public async Task Create_SentAgain_MakesNothingTwice_AndShowsTheCodeOnce()
    {
        var body = new { name = "acme", owner = "boss" };
        var first = (await Owner.SendAsync(HttpMethod.Post, "/organizations", body, ("Idempotency-Key", "k1"))).Answer;
        var second = (await Owner.SendAsync(HttpMethod.Post, "/organizations", body, ("Idempotency-Key", "k1"))).Answer;
        Assert.NotNull(first.Json!["token"]);
        Assert.Equal((first.Text("principal"), null), (second.Text("principal"), second.Json!["token"]));
        Assert.Single(_host.Events.Of("organization.create"));
    }

    /// <summary>A code that was not used within a day is none.</summary>
    [Fact]
    public async Task Invitation_AfterADay_IsVoid()
    {
        var token = (await Owner.PostAsync("/organizations", new { name = "acme", owner = "boss" })).Text("token");
        _host.Time.Advance(TimeSpan.FromHours(24));
        Assert.Equal(HttpStatusCode.Unauthorized, (await _host.Client(token).GetAsync("/whoami")).Status);
    }
}
