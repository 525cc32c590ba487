using Merlon.Access.Contracts;
using Merlon.ControlHost;
using Microsoft.Extensions.DependencyInjection;

namespace Merlon.Access.Tests.Keys;

public sealed class ApiKeyTests : IAsyncLifetime
{
    private ControlHost.ControlHost _host = null!;

    public async Task InitializeAsync()
    {
        _host = await ControlHost.ControlHost.StartAsync(new ControlParts());
        _host.Endpoints.Known["fraud"] = new EndpointReference(Guid.CreateVersion7(), "fraud", "production");
    }

    public async Task DisposeAsync() => await _host.DisposeAsync();

    private Task<ControlAnswer> CreateAsync(string name = "ci", int expiresInSeconds = 3600, double? ratePerSecond = null, string endpoint = "fraud") =>
        _host.Owner!.PostAsync("/keys", new { name, endpoint, expiresInSeconds, ratePerSecond });

    private async Task<IReadOnlyList<ActiveApiKey>> ActiveAsync()
    {
        await using var scope = _host.Services.CreateAsyncScope();
        return await scope.ServiceProvider.GetRequiredService<IApiKeyDirectory>().ListActiveAsync(CancellationToken.None);
    }

    [Fact]
    public async Task Create_Key_IsShownOnce_Published_AndKnownByItsHash()
    {
        var created = await CreateAsync(ratePerSecond: 5);
        var active = Assert.Single(await ActiveAsync());
        Assert.True(Credential.TryParse(Credential.ApiKeyPrefix, created.Text("key"), out var id, out var hash));
        Assert.Equal((id, hash, 5.0), (active.KeyId, active.SecretHash, active.RatePerSecond));
        Assert.Equal(1, _host.Gateways.Count);
        Assert.DoesNotContain(created.Text("key").Split('_', 3)[2], (await _host.Owner!.GetAsync("/keys")).Body, StringComparison.Ordinal);
        var told = Assert.Single(_host.Events.Of("key.create"));
        Assert.Equal(active.Principal, told.Personal!.Subject);
    }

    [Theory]
    [InlineData("ci")]
    [InlineData(null)]
    public async Task Revoke_ByNameOrId_IsGoneAtOnce_AndTheNameIsFree(string? name)
    {
        var created = await CreateAsync();
        Assert.Equal("key.exists", (await CreateAsync()).Code);
        Assert.True((await _host.Owner!.DeleteAsync($"/keys/{name ?? created.Text("keyId")}")).IsSuccess);
        Assert.Empty(await ActiveAsync());
        Assert.Equal(2, _host.Gateways.Count);
        Assert.Single(_host.Events.Of("key.revoke"));
        Assert.True((await CreateAsync()).IsSuccess);
    }

    [Fact]
    public async Task Active_ExpiredKey_IsNotAmongThem()
    {
        await CreateAsync(expiresInSeconds: 60);
        _host.Time.Advance(TimeSpan.FromSeconds(61));
        Assert.Empty(await ActiveAsync());
    }

    [Fact]
    public async Task Create_OutsideItsBounds_IsRefused()
    {
        Assert.Equal("name.invalid", (await CreateAsync(name: "Ci")).Code);
        Assert.Equal("endpoint.unknown", (await CreateAsync(endpoint: "other")).Code);
        Assert.Equal("expiry.invalid", (await CreateAsync(expiresInSeconds: 0)).Code);
        Assert.Equal("expiry.invalid", (await CreateAsync(expiresInSeconds: (366 * 86400) + 1)).Code);
        Assert.Equal("rate.invalid", (await CreateAsync(ratePerSecond: 0)).Code);
        Assert.Equal("rate.invalid", (await CreateAsync(ratePerSecond: 1_000_001)).Code);
        Assert.True((await CreateAsync(expiresInSeconds: 366 * 86400, ratePerSecond: 1_000_000)).IsSuccess);
    }

    [Fact]
    public async Task Revoke_KeyOfAnotherName_IsUnknown_AndByAnAuditorForbidden()
    {
        await CreateAsync();
        Assert.Equal(System.Net.HttpStatusCode.NotFound, (await _host.Owner!.DeleteAsync("/keys/other")).Status);
        var auditor = await _host.AddAsync("aud", "auditor");
        Assert.Equal("access.forbidden", (await auditor.DeleteAsync("/keys/ci")).Code);
        Assert.Single(await ActiveAsync());
    }
}
