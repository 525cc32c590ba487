using System.Net;
using Merlon.Access.Contracts;
using Merlon.Admission;
using Merlon.App.Backup;
using Merlon.App.Roles;
using Merlon.App.Roles.Control;
using Merlon.ControlHost;
using Merlon.Gateway;
using Merlon.Registry;
using Merlon.Registry.Contracts;
using Merlon.Serving;
using Merlon.Serving.Contracts;
using Merlon.WebConsole;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Merlon.App.Tests.Roles;

/// <summary>Every route of control, as nobody, as one who has every right but the one it asks for, and as the owner of another organisation.</summary>
public sealed class RouteWalkTests : IAsyncLifetime
{
    private static readonly string[] s_open = ["POST /bootstrap", "POST /sign-in", "POST /sign-in/factor", "POST /device", "POST /device/token", "POST /workload-renewals", "POST /breakglass/open",
        "POST /identity-providers/{name}/logout", "POST /oauth/token", "GET /console/sign-in/sso/{provider}", "GET /console/sign-in/sso/{provider}/callback",
        "GET /console/assets/{name}", "GET /console/sign-in", "POST /console/sign-in", "POST /console/sign-in/factor", "POST /console/sign-in/passkey/options",
        "POST /console/sign-in/passkey", "GET /console/enrol", "POST /console/enrol", "GET /console/"];
    private ControlHost.ControlHost _host = null!;

    public async Task InitializeAsync()
    {
        _host = await RouteHost.StartAsync();
    }

    public async Task DisposeAsync() => await _host.DisposeAsync();

    private IReadOnlyList<LiveRoute> Routes => LiveRoute.Of(_host.Services);

    [Fact]
    public void Routes_All_AreGuarded_AndThereAreMany()
    {
        Assert.True(Routes.Count > 50, $"Only {Routes.Count} routes were found.");
        Assert.Empty(LiveRoute.Unguarded(Routes, s_open));
    }

    [Fact]
    public async Task Unguarded_PlantedOpenRoute_IsFound()
    {
        await using var planted = await ControlHost.ControlHost.StartAsync(RouteHost.Parts(routes => routes.MapGet("/planted", () => Results.Ok()).AllowAnyone("nobody decided so")));
        Assert.Equal(["GET /planted"], LiveRoute.Unguarded(LiveRoute.Of(planted.Services), s_open));
    }

    [Fact]
    public Task Unguarded_PlantedRouteWithoutPolicy_StopsTheStart() => Assert.ThrowsAsync<InvalidOperationException>(
        () => ControlHost.ControlHost.StartAsync(RouteHost.Parts(routes => routes.MapGet("/planted", () => Results.Ok()))));

    /// <summary>A route about one model or endpoint that asks for the project instead would pass over what is denied on that one.</summary>
    [Fact]
    public void Routes_AboutOneModelOrEndpoint_AskAboutThatOne()
    {
        var about = Routes.Where(r => r.Policy is RoutePolicy.Needs && (r.Pattern.Contains("models/{", StringComparison.Ordinal) || r.Pattern.Contains("endpoints/{", StringComparison.Ordinal))).ToList();
        Assert.InRange(about.Count, 10, 100);
        Assert.DoesNotContain(about, r => ((RoutePolicy.Needs)r.Policy!).ResourceParameter is null);
    }

    [Fact]
    public async Task Routes_AsNobody_AreRefused()
    {
        foreach (var route in Routes.Where(r => r.Policy is not RoutePolicy.Open))
        {
            // A browser is sent to the page where people sign in.
            var expected = route.IsPage ? HttpStatusCode.Redirect : route.Policy is RoutePolicy.RoleOnly ? HttpStatusCode.NotFound : HttpStatusCode.Unauthorized;
            Assert.Equal((route.ToString(), expected), (route.ToString(), (await RouteHost.SendAsync(_host.Anonymous, route)).Status));
        }
        Assert.Empty(_host.Faults);
    }

    [Fact]
    public async Task Routes_WithEveryRightButTheirs_AreRefused()
    {
        foreach (var verb in Permissions.All)
        {
            var role = "all-but-" + verb.Replace(':', '-');
            Assert.True((await _host.Owner!.PostAsync("/roles", new { name = role, verbs = Permissions.All.Where(v => v != verb) })).IsSuccess);
            var caller = await _host.AddAsync(role, role);
            foreach (var route in Routes.Where(r => r.Policy is RoutePolicy.Needs needs && needs.Permission == verb))
                Assert.Equal((route.ToString(), "access.forbidden"), (route.ToString(), (await RouteHost.SendAsync(caller.Http, route)).Code));
        }
        foreach (var route in Routes.Where(r => r.Policy is RoutePolicy.RoleOnly))
            Assert.Equal((route.ToString(), HttpStatusCode.NotFound), (route.ToString(), (await RouteHost.SendAsync(_host.Owner!.Http, route)).Status));
        Assert.Empty(_host.Faults);
    }

    [Fact]
    public async Task Routes_AsTheOwnerOfAnotherOrganisation_ShowAndChangeNothingOfTheFirst()
    {
        await RouteHost.FillAsync(_host);
        var stranger = await RouteHost.AddOtherTenantAsync(_host);
        var before = await ViewAsync();
        Assert.Contains("alpha-model", before, StringComparison.Ordinal);
        Assert.Contains("alpha-person", before, StringComparison.Ordinal);
        Assert.True((await stranger.GetAsync("/whoami")).IsSuccess);
        foreach (var route in Routes.Where(r => r.Policy is RoutePolicy.Needs || r is { Policy: RoutePolicy.SignedIn, IsPage: false, Method: "GET" }))
        {
            var answer = await RouteHost.SendAsync(stranger.Http, route);
            Assert.True(!answer.IsSuccess || !answer.Body.Contains("alpha-", StringComparison.Ordinal) || answer.Body.Contains("alpha-new", StringComparison.Ordinal),
                $"{route} showed the other organisation: {answer.Body}");
        }
        // Nor by naming a project of the first, or its own one's name in the first.
        foreach (var project in (string[])["alpha-project", "default"])
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "/models");
            request.Headers.Add("X-Merlon-Project", project);
            Assert.DoesNotContain("alpha-model", await (await stranger.Http.SendAsync(request)).Content.ReadAsStringAsync(), StringComparison.Ordinal);
        }
        Assert.False((await stranger.GetAsync($"/access/explain?principal={_host.Owner!.Principal}&verb=model:read&resource=project")).IsSuccess);
        Assert.Equal(before, await ViewAsync());
        Assert.Empty(_host.Faults);
    }

    /// <summary>A token is no cookie and a cookie is no token: what a browser sends by itself opens no API.</summary>
    [Fact]
    public async Task Routes_TakeACookieOrAToken_NeverBoth()
    {
        foreach (var route in Routes.Where(r => r.IsPage))
            Assert.Equal((route.ToString(), HttpStatusCode.Redirect), (route.ToString(), (await RouteHost.SendAsync(_host.Owner!.Http, route)).Status));
        using var browser = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false }) { BaseAddress = _host.Anonymous.BaseAddress };
        browser.DefaultRequestHeaders.Add("Cookie", $"__Host-merlon={_host.Owner!.Token}");
        foreach (var route in Routes.Where(r => r.Policy is RoutePolicy.Needs or RoutePolicy.SignedIn && !r.IsPage))
            Assert.Equal((route.ToString(), HttpStatusCode.Unauthorized), (route.ToString(), (await RouteHost.SendAsync(browser, route)).Status));
    }

    private async Task<string> ViewAsync()
    {
        var views = new List<string>();
        foreach (var path in (string[])["/models", "/models/alpha-model", "/principals", "/services", "/roles", "/groups", "/bindings", "/workloads", "/keys", "/policy", "/endpoints", "/projects", "/projects/alpha-project", "/breakglass"])
            views.Add((await _host.Owner!.GetAsync(path)).Body);
        return string.Join('\n', views);
    }
}
