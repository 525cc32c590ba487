using Merlon.Access.Contracts;
using Merlon.Access.Tests.Changes;
using Merlon.ControlHost;
using Microsoft.Extensions.DependencyInjection;

namespace Merlon.Access.Tests.Keys;

public sealed class RotationTests : IAsyncLifetime
{
    private ControlHost.ControlHost _host = null!;

    private ControlClient Owner => _host.Owner!;

    public async Task InitializeAsync()
    {
        _host = await AccessHost.StartAsync();
        _host.Endpoints.Known["fraud"] = new EndpointReference(Guid.CreateVersion7(), "fraud", "production");
        Assert.True((await Owner.PostAsync("/keys", new { name = "ci", endpoint = "fraud", expiresInSeconds = 3_600 })).IsSuccess);
    }

    public async Task DisposeAsync()
    {
        Assert.Empty(_host.Faults);
        await _host.DisposeAsync();
    }

    private async Task<IReadOnlyList<ActiveApiKey>> ActiveAsync()
    {
        await using var scope = _host.Services.CreateAsyncScope();
        return await scope.ServiceProvider.GetRequiredService<IApiKeyDirectory>().ListActiveAsync(CancellationToken.None);
    }

    [Fact]
    public async Task Rotate_WithAnOverlap_KeepsBothForThatLong_ThenTheNewOne()
    {
        var old = Assert.Single(await ActiveAsync());
        var rotated = await Owner.PostAsync("/keys/ci/rotate", new { expiresInSeconds = 7_200, overlapSeconds = 60 });
        Assert.True(rotated.IsSuccess, rotated.Body);
        Assert.Equal(2, (await ActiveAsync()).Count);
        Assert.Single((await ActiveAsync()).Select(k => k.Principal).Distinct());
        _host.Time.Advance(TimeSpan.FromSeconds(61));
        var left = Assert.Single(await ActiveAsync());
        Assert.Equal(rotated.Text("keyId"), left.KeyId);
        Assert.NotEqual(old.SecretHash, left.SecretHash);
        Assert.Single(_host.Events.Of("key.rotate"));
    }

    [Fact]
    public async Task Rotate_ThenRevokeByName_EndsBoth()
    {
        await Owner.PostAsync("/keys/ci/rotate", new { expiresInSeconds = 7_200, overlapSeconds = 600 });
        Assert.True((await Owner.DeleteAsync("/keys/ci")).IsSuccess);
        Assert.Empty(await ActiveAsync());
    }

    [Fact]
    public async Task Rotate_OutsideItsBounds_IsRefused()
    {
        Assert.Equal("key.unknown", (await Owner.PostAsync("/keys/none/rotate", new { expiresInSeconds = 60 })).Code);
        Assert.Equal("expiry.invalid", (await Owner.PostAsync("/keys/ci/rotate", new { expiresInSeconds = 0 })).Code);
        Assert.Equal("overlap.invalid", (await Owner.PostAsync("/keys/ci/rotate", new { expiresInSeconds = 60, overlapSeconds = (7 * 86_400) + 1 })).Code);
    }

    [Fact]
    public async Task Key_WithoutOrWithADeniedBinding_IsNotPublished()
    {
        var binding = (await Owner.GetAsync("/bindings?subject=key:ci")).Json!["items"]![0]!["id"]!.GetValue<string>();
        var deny = await Owner.BindAsync("key:ci", "caller", "endpoint/fraud", "deny");
        Assert.Empty(await ActiveAsync());
        Assert.Equal(2, _host.Gateways.Count);
        await Owner.DeleteAsync("/bindings/" + deny.Id());
        Assert.Single(await ActiveAsync());
        await Owner.DeleteAsync("/bindings/" + binding);
        Assert.Empty(await ActiveAsync());
        Assert.Equal("binding.key", (await Owner.BindAsync("key:ci", "caller", "endpoint/fraud", "allow", new { hours = "08:00-18:00" })).Code);
        Assert.Equal("group.member", (await Owner.PostAsync("/groups", new { name = "keys", members = new[] { "key:ci" } })).Code);
    }

    [Fact]
    public async Task Service_Rotated_GoesOnWithBothTokensForTheOverlap()
    {
        var made = await Owner.PostAsync("/services", new { name = "robot", role = "auditor" });
        var old = _host.Client(made.Text("token"));
        var rotated = await Owner.PostAsync("/services/robot/rotate", new { overlapSeconds = 60 });
        Assert.True((await old.GetAsync("/whoami")).IsSuccess);
        Assert.True((await _host.Client(rotated.Text("token")).GetAsync("/whoami")).IsSuccess);
        _host.Time.Advance(TimeSpan.FromSeconds(61));
        Assert.False((await old.GetAsync("/whoami")).IsSuccess);
        Assert.True((await Owner.DeleteAsync("/services/robot")).IsSuccess);
        Assert.False((await _host.Client(rotated.Text("token")).GetAsync("/whoami")).IsSuccess);
    }

    [Fact]
    public async Task Create_SentTwice_ShowsItsSecretOnce()
    {
        var body = new { name = "robot", role = "auditor" };
        var first = (await Owner.SendAsync(HttpMethod.Post, "/services", body, ("Idempotency-Key", "a"))).Answer;
        var again = (await Owner.SendAsync(HttpMethod.Post, "/services", body, ("Idempotency-Key", "a"))).Answer;
        Assert.Equal(first.Text("principal"), again.Text("principal"));
        Assert.NotNull(first.Json!["token"]);
        Assert.Null(again.Json!["token"]);
    }
}
