using System.Net;
using Merlon.Access.Contracts;
using Merlon.ControlHost;
using Merlon.Kernel;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace Merlon.Access.Tests.Authorization;

public sealed class RoutePolicyTests : IAsyncLifetime
{
    private static readonly string[] s_verbs =
    [
        Permissions.ModelRead, Permissions.ModelPush, Permissions.ModelPull, Permissions.ModelSign, Permissions.ModelApprove, Permissions.ModelAdmit,
        Permissions.EndpointRead, Permissions.EndpointDeploy, Permissions.KeyRead, Permissions.KeyManage, Permissions.PolicyRead, Permissions.PolicyChange,
        Permissions.LedgerRead, Permissions.PrincipalManage, Permissions.SystemRead, Permissions.SystemBackup,
        Permissions.AccessRead, Permissions.AccessManage, Permissions.EndpointInvoke,
    ];

    private ControlHost.ControlHost _host = null!;

    public async Task InitializeAsync() => _host = await ControlHost.ControlHost.StartAsync(new ControlParts
    {
        MapRoutes = routes =>
        {
            foreach (var verb in s_verbs)
                routes.MapGet("/try/" + verb.Replace(':', '-'), () => Results.Ok()).RequirePermission(verb);
            routes.MapGet("/inner", () => Results.Ok()).RequireRole("node");
            routes.MapGet("/inner-of-nobody", () => Results.Ok()).RequireRole("gateway");
            routes.MapGet("/open", () => Results.Ok()).AllowAnyone("the test says so");
        },
    });

    public async Task DisposeAsync() => await _host.DisposeAsync();

    public static TheoryData<string, string> Allowed => new()
    {
        { "owner", string.Join(' ', s_verbs) },
        { "security-officer", "model:read model:approve model:admit endpoint:read key:read key:manage policy:read policy:change ledger:read system:read access:read access:manage" },
        { "ml-engineer", "model:read model:push model:pull model:sign model:admit endpoint:read endpoint:deploy policy:read" },
        { "approver", "model:read model:approve model:admit endpoint:read policy:read" },
        { "operator", "model:read endpoint:read endpoint:deploy key:read system:read system:backup" },
        { "auditor", "model:read endpoint:read key:read policy:read ledger:read system:read access:read" },
        { "caller", "endpoint:invoke" },
    };

    /// <summary>The whole table of roles and verbs, over HTTP.</summary>
    [Theory]
    [MemberData(nameof(Allowed))]
    public async Task Route_WithAPermission_IsForExactlyTheRolesThatHaveIt(string role, string verbs)
    {
        var client = await _host.AddAsync("someone", role);
        foreach (var verb in s_verbs)
        {
            var answer = await client.GetAsync("/try/" + verb.Replace(':', '-'));
            Assert.Equal((verb, verbs.Split(' ').Contains(verb) ? HttpStatusCode.OK : HttpStatusCode.Forbidden), (verb, answer.Status));
        }
        Assert.Equal(s_verbs.Length - verbs.Split(' ').Length, _host.Refusals.Known.Count(e => e.Actor == client.Principal && e.StatusCode == "access.forbidden"));
    }

    [Fact]
    public void Roles_All_AreInTheTableOfThisTest() => Assert.Equal(Permissions.Roles, Allowed.Select(row => (string)row[0]).Order(StringComparer.Ordinal));

    [Fact]
    public async Task Route_OfARole_IsForItsTokenOnly_AndLooksLikeNothingToOthers()
    {
        Assert.Equal(HttpStatusCode.OK, (await _host.Node().GetAsync("/inner")).Status);
        Assert.Equal("route.unknown", (await _host.Owner!.GetAsync("/inner")).Code);
        Assert.Equal("route.unknown", (await _host.Node().GetAsync("/inner-of-nobody")).Code);
        using var wrong = new HttpRequestMessage(HttpMethod.Get, "/inner");
        wrong.Headers.Add(RoleTokens.Header, ControlHost.ControlHost.NodeToken + "x");
        Assert.Equal(HttpStatusCode.NotFound, (await _host.Anonymous.SendAsync(wrong)).StatusCode);
        // A role's token is no access token.
        Assert.Equal(HttpStatusCode.Unauthorized, (await _host.Node().GetAsync("/whoami")).Status);
    }

    [Fact]
    public async Task Route_OpenOrUnknown_NeedsNoCaller_OrIsNotThere()
    {
        Assert.Equal(HttpStatusCode.OK, (await _host.Anonymous.GetAsync("/open")).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await _host.Anonymous.GetAsync("/nothing")).StatusCode);
        Assert.Equal("route.unknown", (await _host.Owner!.GetAsync("/nothing")).Code);
    }

    [Fact]
    public async Task Start_RouteWithoutADeclaredPolicy_Fails_AndNamesIt()
    {
        var planted = new ControlParts { MapRoutes = routes => routes.MapGet("/planted", () => Results.Ok()) };
        var failure = await Assert.ThrowsAsync<InvalidOperationException>(() => ControlHost.ControlHost.StartAsync(planted));
        Assert.Contains("/planted", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(RefusalKind.Invalid, 400)]
    [InlineData(RefusalKind.Unauthenticated, 401)]
    [InlineData(RefusalKind.Forbidden, 403)]
    [InlineData(RefusalKind.NotFound, 404)]
    [InlineData(RefusalKind.TooSlow, 408)]
    [InlineData(RefusalKind.Conflict, 409)]
    [InlineData(RefusalKind.TooLarge, 413)]
    [InlineData(RefusalKind.Unsupported, 415)]
    [InlineData(RefusalKind.Blocked, 422)]
    [InlineData(RefusalKind.TooMany, 429)]
    [InlineData(RefusalKind.BadAnswer, 502)]
    [InlineData(RefusalKind.Unavailable, 503)]
    [InlineData(RefusalKind.TimedOut, 504)]
    public void Status_OfARefusal_IsTheOneItsKindStates(RefusalKind kind, int status) => Assert.Equal(status, Problems.Status(kind));
}
