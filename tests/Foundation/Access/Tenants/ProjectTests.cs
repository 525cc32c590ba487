using System.Net;
using Merlon.Access.Contracts;
using Merlon.Access.Tests.Changes;
using Merlon.ControlHost;

namespace Merlon.Access.Tests.Tenants;

public sealed class ProjectTests : IAsyncLifetime
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

    private static async Task<ControlAnswer> InAsync(ControlClient client, string project, HttpMethod method, string path, object? body = null) =>
        (await client.SendAsync(method, path, body, ("X-Merlon-Project", project))).Answer;

    private static async Task<List<string>> NamesAsync(ControlClient client) =>
        [.. (await client.GetAsync("/projects")).Json!["items"]!.AsArray().Select(p => p!["name"]!.GetValue<string>())];

    [Fact]
    public async Task Project_Made_IsListedToThoseWhoHaveARoleInIt_AndToOthersIsNotThere()
    {
        Assert.Equal(HttpStatusCode.Created, (await Owner.PostAsync("/projects", new { name = "beta" })).Status);
        Assert.Equal("project.exists", (await Owner.PostAsync("/projects", new { name = "beta" })).Code);
        Assert.Equal("name.invalid", (await Owner.PostAsync("/projects", new { name = "Beta" })).Code);
        Assert.Equal(["beta", "default"], await NamesAsync(Owner));
        var ann = await _host.AddAsync("ann", "auditor");
        Assert.Equal(["default"], await NamesAsync(ann));
        Assert.Equal("project.unknown", (await InAsync(ann, "beta", HttpMethod.Get, "/keys")).Code);
        Assert.Equal("project.unknown", (await InAsync(ann, "no-such", HttpMethod.Get, "/keys")).Code);
        // A role in the other project, given there by name.
        Assert.Equal("done", (await InAsync(Owner, "beta", HttpMethod.Post, "/bindings", new { role = "auditor", subject = "ann", effect = "allow", scope = "project" })).Text("status"));
        Assert.Equal(["beta", "default"], await NamesAsync(ann));
        Assert.True((await InAsync(ann, "beta", HttpMethod.Get, "/keys")).IsSuccess);
        Assert.Equal("access.forbidden", (await ann.PostAsync("/projects", new { name = "mine" })).Code);
    }

    [Fact]
    public async Task Key_OfOneProject_IsNotSeenInAnother()
    {
        await Owner.PostAsync("/projects", new { name = "beta" });
        Assert.True((await InAsync(Owner, "beta", HttpMethod.Post, "/keys", new { name = "k", endpoint = "fraud", expiresInSeconds = 60 })).IsSuccess);
        Assert.Empty((await Owner.GetAsync("/keys")).Json!["items"]!.AsArray());
        Assert.Single((await InAsync(Owner, "beta", HttpMethod.Get, "/keys")).Json!["items"]!.AsArray());
        Assert.Equal("key.unknown", (await Owner.DeleteAsync("/keys/k")).Code);
    }

    [Fact]
    public async Task RoleInOneProject_GivesNothingInAnother_AndNoProjects()
    {
        await Owner.PostAsync("/projects", new { name = "beta" });
        await Owner.PostAsync("/roles", new { name = "planner", verbs = new[] { "project:manage", "key:read" } });
        var planner = await _host.AddAsync("planner", "planner");
        Assert.True((await planner.GetAsync("/keys")).IsSuccess);
        // The verb is about the organisation: a role on the project does not reach it.
        Assert.Equal("access.forbidden", (await planner.PostAsync("/projects", new { name = "mine" })).Code);
        Assert.Equal("done", (await Owner.BindAsync("planner", "planner", "organisation")).Text("status"));
        Assert.True((await planner.PostAsync("/projects", new { name = "mine" })).IsSuccess);
    }

    [Fact]
    public async Task Project_Renamed_KeepsWhatIsInIt_AndTakesItsRevision()
    {
        await Owner.PostAsync("/projects", new { name = "beta" });
        await InAsync(Owner, "beta", HttpMethod.Post, "/keys", new { name = "k", endpoint = "fraud", expiresInSeconds = 60 });
        Assert.Equal("precondition.required", (await Owner.PutAsync("/projects/beta", new { name = "gamma" })).Code);
        var (_, tag) = await Owner.SendAsync(HttpMethod.Get, "/projects/beta", null);
        Assert.True((await Owner.SendAsync(HttpMethod.Put, "/projects/beta", new { name = "gamma" }, ("If-Match", tag!))).Answer.IsSuccess);
        Assert.Single((await InAsync(Owner, "gamma", HttpMethod.Get, "/keys")).Json!["items"]!.AsArray());
        Assert.Equal(HttpStatusCode.PreconditionFailed, (await Owner.SendAsync(HttpMethod.Put, "/projects/gamma", new { name = "beta" }, ("If-Match", tag!))).Answer.Status);
        Assert.Equal("project.exists", (await Owner.SendAsync(HttpMethod.Put, "/projects/gamma", new { name = "default" }, ("If-Match", "\"2\""))).Answer.Code);
    }

    [Fact]
    public async Task Archived_NothingNewHappens_ReadingAndTakingAwayGoOn_AndItComesBack()
    {
        await Owner.PostAsync("/projects", new { name = "beta" });
        Assert.True((await InAsync(Owner, "beta", HttpMethod.Post, "/keys", new { name = "k", endpoint = "fraud", expiresInSeconds = 3_600 })).IsSuccess);
        var published = _host.Gateways.Count;
        Assert.True((await Owner.PostAsync("/projects/beta/archive")).IsSuccess);
        Assert.Equal(published + 1, _host.Gateways.Count);
        Assert.Equal("project.archived", (await InAsync(Owner, "beta", HttpMethod.Post, "/endpoints/fraud/try", new { environment = "test" })).Code);
        Assert.Equal("project.archived", (await InAsync(Owner, "beta", HttpMethod.Post, "/keys", new { name = "l", endpoint = "fraud", expiresInSeconds = 3_600 })).Code);
        Assert.Equal("project.archived", (await InAsync(Owner, "beta", HttpMethod.Post, "/keys/k/rotate", new { expiresInSeconds = 3_600 })).Code);
        Assert.True((await InAsync(Owner, "beta", HttpMethod.Get, "/keys")).IsSuccess);
        Assert.True((await InAsync(Owner, "beta", HttpMethod.Get, "/models/fraud")).IsSuccess);
        Assert.Contains("archived", (await InAsync(Owner, "beta", HttpMethod.Get, "/access/explain?principal=ME&verb=model:push&resource=project")).Text("reason"), StringComparison.Ordinal);
        // The other project goes on.
        Assert.True((await Owner.PostAsync("/endpoints/fraud/try", new { environment = "test" })).IsSuccess);
        Assert.Empty(await ActiveAsync());
        Assert.True((await Owner.PostAsync("/projects/beta/restore")).IsSuccess);
        Assert.Single(await ActiveAsync());
        await Owner.PostAsync("/projects/beta/archive");
        Assert.True((await InAsync(Owner, "beta", HttpMethod.Delete, "/keys/k")).IsSuccess);
        Assert.Equal(2, _host.Events.Of("project.archive").Count());
    }

    private async Task<IReadOnlyList<ActiveApiKey>> ActiveAsync()
    {
        await using var scope = Microsoft.Extensions.DependencyInjection.ServiceProviderServiceExtensions.CreateAsyncScope(_host.Services);
        return await ((IApiKeyDirectory)scope.ServiceProvider.GetService(typeof(IApiKeyDirectory))!).ListActiveAsync(CancellationToken.None);
    }
}
