using Merlon.Access.Contracts;
using Merlon.Access.Tests.Changes;
using Merlon.ControlHost;

namespace Merlon.Access.Tests.Review;

public sealed class ReviewTests : IAsyncLifetime
{
    private ControlHost.ControlHost _host = null!;

    private ControlClient Owner => _host.Owner!;

    public async Task InitializeAsync()
    {
        _host = await AccessHost.StartAsync();
        _host.Endpoints.Known["fraud"] = new EndpointReference(Guid.CreateVersion7(), "fraud", "production");
    }

    public async Task DisposeAsync()
    {
        Assert.Empty(_host.Faults);
        await _host.DisposeAsync();
    }

    private async Task<List<(string Kind, string Subject, string Fix)>> FindingsAsync() =>
        [.. (await Owner.GetAsync("/access/review")).Json!["findings"]!.AsArray().Select(f => (f!["kind"]!.GetValue<string>(), f["subject"]!.GetValue<string>(), f["fix"]!.GetValue<string>()))];

    private Task<ControlClient> AddAsync(string name, string role) => AddAsync("/principals", new { name, role, expiresInSeconds = 300 * 86_400 });

    private async Task<ControlClient> AddAsync(string path, object body)
    {
        var made = await Owner.PostAsync(path, body);
        var client = _host.Client(made.Text("token"), made.Text("principal"));
        return (await client.GetAsync("/whoami")).Text("mfa") == "required" ? await _host.EnrolAsync(client) : client;
    }

    [Fact]
    public async Task Review_NewInstallation_FindsNothing()
    {
        await _host.AddAsync("ann", "auditor");
        Assert.Empty(await FindingsAsync());
    }

    [Fact]
    public async Task Review_RightsThatNobodyNeeds_AreFoundEach_WithItsFix()
    {
        await AddAsync("idle", "auditor");
        var broad = await AddAsync("broad", "security-officer");
        var boss = await AddAsync("boss", "owner");
        await boss.PostAsync("/services", new { name = "ci", role = "caller", expiresInSeconds = 300 * 86_400 });
        await Owner.PostAsync("/keys", new { name = "web", endpoint = "fraud", expiresInSeconds = 300 * 86_400 });
        await Owner.PostAsync("/principals", new { name = "open", role = "operator" });
        var ended = (await Owner.BindAsync("broad", "auditor", "model/x", conditions: new { notAfter = _host.Time.GetUtcNow().AddDays(1) })).Id();
        Assert.True((await Owner.DeleteAsync("/principals/boss")).IsSuccess);
        _host.Time.Advance(TimeSpan.FromDays(20));
        await broad.GetAsync("/models/fraud");
        var found = await FindingsAsync();
        Assert.Contains(("unused", "idle", "merlon principal disable idle"), found);
        Assert.Contains(found, f => f.Kind == "over-broad" && f.Subject == "broad" && f.Fix.EndsWith(" --role auditor", StringComparison.Ordinal));
        Assert.Contains(("no-mfa", "open", "merlon principal disable open"), found);
        Assert.DoesNotContain(found, f => f.Kind == "no-mfa" && f.Subject != "open");
        Assert.Contains(("orphaned-service", "ci", "merlon service disable ci"), found);
        Assert.Contains(("expired-binding", "broad", "merlon binding remove " + ended), found);
        Assert.Contains(found, f => f.Kind == "disabled-principal" && f.Subject == "boss");
        Assert.DoesNotContain(found, f => f.Subject == "admin");
    }

    [Fact]
    public async Task Review_OldKey_IsStale_UntilItIsRotated()
    {
        var late = await AddAsync("later", "owner");
        await late.PostAsync("/keys", new { name = "web", endpoint = "fraud", expiresInSeconds = 300 * 86_400 });
        _host.Time.Advance(TimeSpan.FromDays(91));
        var found = (await late.GetAsync("/access/review")).Body;
        Assert.Contains("merlon key rotate web --expires 90d --overlap 1d", found, StringComparison.Ordinal);
        Assert.True((await late.PostAsync("/keys/web/rotate", new { expiresInSeconds = 90 * 86_400, overlapSeconds = 86_400 })).IsSuccess);
        Assert.DoesNotContain("stale-key", (await late.GetAsync("/access/review")).Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Explain_NamesTheChain_ToWhomItConcernsOnly()
    {
        var ann = await AddAsync("ann", "caller");
        await AddAsync("bob", "caller");
        await Owner.PostAsync("/groups", new { name = "team", members = new[] { "ann" } });
        var allow = (await Owner.BindAsync("group:team", "auditor")).Id();
        var why = await ann.GetAsync("/access/explain?principal=ME&verb=model:read&resource=model/fraud");
        Assert.True(why.Json!["allowed"]!.GetValue<bool>());
        Assert.Equal($"Binding {allow} allows: role auditor on project through group team.", why.Text("reason"));
        var deny = (await Owner.BindAsync("ann", "auditor", "model/fraud", "deny")).Id();
        Assert.StartsWith($"Binding {deny} denies", (await Owner.GetAsync("/access/explain?principal=ann&verb=model:read&resource=model/fraud")).Text("reason"), StringComparison.Ordinal);
        Assert.True((await ann.GetAsync("/access/explain?principal=bob&verb=model:read&resource=project")).IsSuccess);
        var bob = await AddAsync("rob", "caller");
        Assert.Equal("access.forbidden", (await bob.GetAsync("/access/explain?principal=ann&verb=model:read&resource=project")).Code);
        Assert.Equal("access.forbidden", (await bob.GetAsync("/access/explain?principal=nobody&verb=model:read&resource=project")).Code);
        Assert.Equal("verb.unknown", (await Owner.GetAsync("/access/explain?principal=ann&verb=model:eat&resource=project")).Code);
        Assert.Equal("resource.invalid", (await Owner.GetAsync("/access/explain?principal=ann&verb=model:read&resource=disk/x")).Code);
    }
}
