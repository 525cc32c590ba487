using Merlon.Access.Contracts;
using Merlon.Access.Model;
using Merlon.Access.Sessions;
using Merlon.Access.SignIn;
using Merlon.Access.Storage;
using Merlon.ControlHost;
using Merlon.Kernel;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Merlon.Access.Tests.Sessions;

/// <summary>Sessions of browsers: rotation, grace, replay, idle and absolute end.</summary>
public sealed class SessionTests : IAsyncLifetime
{
    private ControlHost.ControlHost _host = null!;

    public async Task InitializeAsync() => _host = await ControlHost.ControlHost.StartAsync(new ControlParts
    {
        MapRoutes = routes => routes.MapGet("/page", (Caller caller) => caller.Id).RequireSignIn().WithMetadata(new SessionRoute((context, refusal) => Problems.WriteAsync(context, refusal))),
    });

    public async Task DisposeAsync() => await _host.DisposeAsync();

    private async Task<string> IssueAsync()
    {
        await using var scope = _host.Services.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<AccessDb>();
        var owner = await db.Principals.SingleAsync(p => p.Id == _host.Owner!.Principal);
        var issued = await scope.ServiceProvider.GetRequiredService<SessionIssuer>().IssueAsync(
            owner, AccessToken.Browser, new SignInOrigin("127.0.0.1", "127.0.0.1", "test"), "pwd otp", _host.Time.GetUtcNow(), CancellationToken.None);
        await db.SaveChangesAsync();
        return issued.Text;
    }

    /// <summary>The status, and the cookie that came with the answer.</summary>
    private async Task<(int Status, string? Cookie)> GetAsync(string cookie)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/page");
        request.Headers.Add("Cookie", $"__Host-merlon={cookie}");
        using var http = new HttpClient(new SocketsHttpHandler { UseCookies = false }) { BaseAddress = _host.Anonymous.BaseAddress };
        using var response = await http.SendAsync(request);
        var set = response.Headers.TryGetValues("Set-Cookie", out var values) ? values.Single() : null;
        return ((int)response.StatusCode, set?.Split(';')[0].Split('=', 2)[1]);
    }

    [Fact]
    public async Task Session_AfterAQuarterOfAnHour_GetsANewSecret_AndTheFormerIsGoodForTheGraceOnly()
    {
        var first = await IssueAsync();
        Assert.Equal((200, null), await GetAsync(first));
        _host.Time.Advance(TimeSpan.FromMinutes(16));
        var (status, second) = await GetAsync(first);
        Assert.Equal(200, status);
        Assert.NotNull(second);
        Assert.NotEqual(first, second);
        Assert.Equal(200, (await GetAsync(first)).Status);
        _host.Time.Advance(TimeSpan.FromMinutes(2));
        Assert.Equal(200, (await GetAsync(second)).Status);
        // Two hold it now: it ends for both.
        Assert.Equal(401, (await GetAsync(first)).Status);
        Assert.Equal(401, (await GetAsync(second)).Status);
        Assert.Equal(EventSeverity.High, _host.Events.Of("session.replay").Single().Severity);
    }

    [Fact]
    public async Task Session_Idle_OrAtItsEnd_IsOver()
    {
        var idle = await IssueAsync();
        _host.Time.Advance(TimeSpan.FromMinutes(31));
        Assert.Equal(401, (await GetAsync(idle)).Status);
        var busy = await IssueAsync();
        for (var minutes = 0; minutes < 12 * 60; minutes += 10)
        {
            var (status, cookie) = await GetAsync(busy);
            Assert.Equal(200, status);
            busy = cookie ?? busy;
            _host.Time.Advance(TimeSpan.FromMinutes(10));
        }
        Assert.Equal(401, (await GetAsync(busy)).Status);
    }

    [Fact]
    public async Task Session_AsAToken_OrMalformed_IsRefused()
    {
        var cookie = await IssueAsync();
        Assert.Equal("access.unauthenticated", (await _host.Client(cookie).GetAsync("/whoami")).Code);
        Assert.Equal(401, (await GetAsync(_host.Owner!.Token)).Status);
        Assert.Equal(401, (await GetAsync(cookie[..^1])).Status);
        Assert.Equal(401, (await GetAsync(new string('a', 6_000))).Status);
    }
}
