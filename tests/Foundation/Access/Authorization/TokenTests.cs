using System.Net;
using Merlon.Access.Contracts;
using Merlon.ControlHost;

namespace Merlon.Access.Tests.Authorization;

public sealed class TokenTests : IAsyncLifetime
{
    private ControlHost.ControlHost _host = null!;

    public async Task InitializeAsync() => _host = await ControlHost.ControlHost.StartAsync(new ControlParts());

    public async Task DisposeAsync() => await _host.DisposeAsync();

    private async Task<HttpStatusCode> TryAsync(string token) => (await _host.Client(token).GetAsync("/whoami")).Status;

    [Fact]
    public async Task Token_Wrong_IsRefused_InAnyPart()
    {
        var token = _host.Owner!.Token;
        Assert.Equal(HttpStatusCode.OK, await TryAsync(token));
        for (var i = 0; i < token.Length; i += 3)
        {
            var wrong = token.ToCharArray();
            wrong[i] = wrong[i] == 'a' ? 'b' : 'a';
            Assert.Equal(HttpStatusCode.Unauthorized, await TryAsync(new string(wrong)));
        }
        Assert.Equal(HttpStatusCode.Unauthorized, await TryAsync(token + "a"));
        Assert.Equal(HttpStatusCode.Unauthorized, await TryAsync(Credential.Mint(Credential.TokenPrefix).Text));
        Assert.Equal(HttpStatusCode.Unauthorized, await TryAsync(Credential.Mint(Credential.ApiKeyPrefix).Text));
        Assert.Equal(HttpStatusCode.Unauthorized, (await _host.Anonymous.GetAsync("/whoami")).StatusCode);
        Assert.Contains("access.unauthenticated", _host.Refusals.Unknown);
    }

    [Theory]
    [InlineData("")]
    [InlineData("Bearer")]
    [InlineData("Bearer  ")]
    [InlineData("Basic YWRtaW46YWRtaW4=")]
    [InlineData("Bearer mt_000000000000000000000000_")]
    [InlineData("Bearer mt_\u0430\u0430")]
    public async Task Token_Malformed_IsRefused(string header)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/whoami");
        request.Headers.TryAddWithoutValidation("Authorization", header);
        using var http = new HttpClient(new SocketsHttpHandler { RequestHeaderEncodingSelector = (_, _) => System.Text.Encoding.UTF8 }) { BaseAddress = _host.Anonymous.BaseAddress };
        Assert.Equal(HttpStatusCode.Unauthorized, (await http.SendAsync(request)).StatusCode);
        Assert.Empty(_host.Faults);
    }

    [Fact]
    public async Task Token_InAnOversizedHeader_IsRefusedBeforeItIsRead()
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/whoami");
        request.Headers.TryAddWithoutValidation("Authorization", "Bearer " + new string('a', 64 << 10));
        Assert.Equal(HttpStatusCode.RequestHeaderFieldsTooLarge, (await _host.Anonymous.SendAsync(request)).StatusCode);
    }

    [Fact]
    public async Task Token_SignedOut_IsRefused_AndTheOthersGoOn()
    {
        var ann = await _host.AddAsync("ann", "auditor");
        Assert.True((await ann.PostAsync("/logout")).IsSuccess);
        Assert.Equal(HttpStatusCode.Unauthorized, await TryAsync(ann.Token));
        Assert.Equal(HttpStatusCode.OK, await TryAsync(_host.Owner!.Token));
    }

    [Fact]
    public async Task Token_OfADisabledPrincipal_IsRefused()
    {
        var ann = await _host.AddAsync("ann", "auditor");
        Assert.Equal(HttpStatusCode.OK, await TryAsync(ann.Token));
        Assert.True((await _host.Owner!.DeleteAsync("/principals/ann")).IsSuccess);
        Assert.Equal(HttpStatusCode.Unauthorized, await TryAsync(ann.Token));
        Assert.Equal("principal.self", (await _host.Owner.DeleteAsync("/principals/admin")).Code);
        Assert.Equal("principal.unknown", (await _host.Owner.DeleteAsync("/principals/nobody")).Code);
    }

    [Fact]
    public async Task Token_AtItsEnd_IsRefused()
    {
        var created = await _host.Owner!.PostAsync("/principals", new { name = "ann", role = "auditor", expiresInSeconds = 45 });
        _host.Time.Advance(TimeSpan.FromSeconds(44));
        Assert.Equal(HttpStatusCode.OK, await TryAsync(created.Text("token")));
        _host.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(HttpStatusCode.Unauthorized, await TryAsync(created.Text("token")));
    }

    [Theory]
    [InlineData("Name", "auditor", 1, "name.invalid")]
    [InlineData("ann", "root", 1, "role.unknown")]
    [InlineData("ann", "auditor", 0, "expiry.invalid")]
    [InlineData("ann", "auditor", 366 * 86_400 + 1, "expiry.invalid")]
    [InlineData("admin", "auditor", 1, "principal.exists")]
    public async Task Principal_Invalid_IsRefused(string name, string role, int expiresInSeconds, string code) =>
        Assert.Equal(code, (await _host.Owner!.PostAsync("/principals", new { name, role, expiresInSeconds })).Code);

    [Fact]
    public async Task Secrets_AreNowhereInTheFiles()
    {
        _host.Endpoints.Known["fraud"] = new EndpointReference(Guid.CreateVersion7(), "fraud", "production");
        var ann = await _host.AddAsync("ann", "auditor");
        var key = (await _host.Owner!.PostAsync("/keys", new { name = "ci", endpoint = "fraud", expiresInSeconds = 60 })).Text("key");
        var content = Directory.GetFiles(_host.Directory, "*", SearchOption.AllDirectories).Select(Read).ToList();
        Assert.Contains(content, file => file.AsSpan().IndexOf(System.Text.Encoding.ASCII.GetBytes(ann.Principal)) >= 0);
        foreach (var secret in new[] { _host.Owner.Token, ann.Token, key }.Select(text => text.Split('_', 3)[2]))
            Assert.DoesNotContain(content, file => file.AsSpan().IndexOf(System.Text.Encoding.ASCII.GetBytes(secret)) >= 0);
        Assert.DoesNotContain(_host.Events.All, e => System.Text.Json.JsonSerializer.Serialize(e).Contains(key.Split('_', 3)[2], StringComparison.Ordinal));
    }

    private static byte[] Read(string path)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        var content = new byte[file.Length];
        file.ReadExactly(content);
        return content;
    }
}
