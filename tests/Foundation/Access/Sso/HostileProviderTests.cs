using System.Text.Json.Nodes;
using System.Web;
using Merlon.Access.Contracts;
using Merlon.Access.Tests.Changes;
using Merlon.Access.Tests.Issuers;
using Merlon.ControlHost;
using Merlon.Kernel;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Merlon.Access.Tests.Sso;

/// <summary>What an identity provider, or somebody between, must not get away with. The honest flow runs against a real provider in the end-to-end tests.</summary>
public sealed class HostileProviderTests : IAsyncLifetime
{
    private ControlHost.ControlHost _host = null!;
    private IssuerPeer _issuer = null!;

    public async Task InitializeAsync()
    {
        (_host, _issuer) = (await AccessHost.StartAsync(new AccessOptions()), await IssuerPeer.StartAsync());
        Assert.True((await PutAsync("corp")).IsSuccess);
        Assert.True((await _host.Owner!.BindAsync("group:corp/ops", "operator")).IsSuccess);
    }

    public async Task DisposeAsync()
    {
        await _issuer.DisposeAsync();
        await _host.DisposeAsync();
    }

    private static object Form(string issuer, string ca, bool createsPeople = true) =>
        new { issuer, ca, clientId = "merlon", clientSecret = "secret", groupsClaim = "groups", createsPeople, mfaAmr = new[] { "otp" } };

    private Task<ControlAnswer> PutAsync(string name) => _host.Owner!.PutAsync("/identity-providers/" + name, Form(_issuer.Issuer, _issuer.CaPem));

    private sealed record Begun(Uri Address, string Cookie)
    {
        public string this[string name] => HttpUtility.ParseQueryString(Address.Query)[name]!;
    }

    private static DefaultHttpContext Context(string? cookie = null, string query = "")
    {
        var context = new DefaultHttpContext();
        context.Request.Host = new HostString("localhost", 8443);
        context.Request.QueryString = new QueryString(query);
        if (cookie is not null)
            context.Request.Headers.Cookie = "__Host-merlon-sso=" + cookie;
        return context;
    }

    private async Task<T> AtDeskAsync<T>(Func<SsoDesk, Task<T>> call)
    {
        await using var scope = _host.Services.CreateAsyncScope();
        return await call(scope.ServiceProvider.GetRequiredService<SsoDesk>());
    }

    private async Task<Begun> BeginAsync(string provider = "corp")
    {
        var context = Context();
        var address = (await AtDeskAsync(desk => desk.BeginAsync(provider, "/account", context, CancellationToken.None))).Value;
        var cookie = context.Response.Headers.SetCookie.Single()!;
        Assert.Contains("secure; samesite=lax; httponly", cookie, StringComparison.Ordinal);
        return new Begun(address, cookie.Split('=', 2)[1].Split(';')[0]);
    }

    private JsonObject IdToken(Begun begun, string subject = "sub-1")
    {
        var claims = _issuer.Claims("merlon", _host.Time.GetUtcNow(), subject);
        (claims["nonce"], claims["groups"], claims["preferred_username"], claims["sid"]) = (begun["nonce"], new JsonArray("ops"), "olga", "session-1");
        return claims;
    }

    private async Task<(string Code, DefaultHttpContext Context)> FinishAsync(Begun begun, JsonObject claims, string? cookie = null, string? query = null, string provider = "corp")
    {
        _issuer.TokenAnswer = new JsonObject { ["id_token"] = _issuer.Sign(claims), ["access_token"] = "a", ["token_type"] = "Bearer" };
        var context = Context(cookie ?? begun.Cookie, query ?? $"?code=c&state={begun["state"]}&iss={Uri.EscapeDataString(_issuer.Issuer)}");
        var result = await AtDeskAsync(desk => desk.FinishAsync(provider, context, CancellationToken.None));
        return (result.IsRefused ? result.Refusal.Code : "", context);
    }

    [Fact]
    public async Task SignIn_ThatIsRight_SendsTheVerifier_AndGivesASession()
    {
        var begun = await BeginAsync();
        Assert.Equal(("S256", "code", "https://localhost:8443/sign-in/sso/corp/callback"), (begun["code_challenge_method"], begun["response_type"], begun["redirect_uri"]));
        var (code, context) = await FinishAsync(begun, IdToken(begun));
        Assert.Equal("", code);
        Assert.Contains(context.Response.Headers.SetCookie, c => c!.StartsWith("__Host-merlon=ms_", StringComparison.Ordinal));
        var challenge = System.Buffers.Text.Base64Url.EncodeToString(System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.ASCII.GetBytes(_issuer.Exchanged!["code_verifier"].ToString())));
        Assert.Equal(begun["code_challenge"], challenge);
        Assert.Equal("", _issuer.Exchanged["client_secret"].ToString());
    }

    public static TheoryData<string, string> Wrongs => new()
    {
        { "nonce", "sso.token" }, { "no-nonce", "sso.token" }, { "party", "sso.token" }, { "two-audiences", "sso.token" }, { "audience", "issuer.token" }, { "issuer", "issuer.token" },
        { "expired", "issuer.token" }, { "no-subject", "sso.token" }, { "groups-elsewhere", "sso.groups" }, { "groups-many", "sso.groups" }, { "groups-object", "sso.groups" },
        { "stranger", "sso.no-account" }, { "bad-name", "sso.name" },
    };

    [Theory]
    [MemberData(nameof(Wrongs))]
    public async Task SignIn_WithAWrongToken_IsRefused(string what, string expected)
    {
        var begun = await BeginAsync();
        var claims = IdToken(begun);
        switch (what)
        {
            case "nonce": claims["nonce"] = (await BeginAsync())["nonce"]; break;
            case "no-nonce": claims.Remove("nonce"); break;
            case "party": claims["azp"] = "somebody"; break;
            case "two-audiences": claims["aud"] = new JsonArray("merlon", "somebody"); break;
            case "audience": claims["aud"] = "somebody"; break;
            case "issuer": claims["iss"] = "https://somebody.example"; break;
            case "expired": claims["exp"] = _host.Time.GetUtcNow().AddHours(-1).ToUnixTimeSeconds(); break;
            case "no-subject": claims.Remove("sub"); break;
            case "groups-elsewhere": (claims["_claim_names"], claims["groups"]) = (new JsonObject { ["groups"] = "src1" }, new JsonArray()); break;
            case "groups-many": claims["groups"] = new JsonArray([.. Enumerable.Range(0, 501).Select(i => (JsonNode)$"g{i}")]); break;
            case "groups-object": claims["groups"] = new JsonObject(); break;
            case "stranger": claims["groups"] = new JsonArray("others"); break;
            default: claims["preferred_username"] = "💥"; break;
        }
        var (code, context) = await FinishAsync(begun, claims);
        Assert.Equal(expected, code);
        Assert.DoesNotContain(context.Response.Headers.SetCookie, c => c!.StartsWith("__Host-merlon=ms_", StringComparison.Ordinal));
    }

    [Fact]
    public async Task State_OfAnotherBrowserProviderOrTime_IsRefused()
    {
        Assert.True((await PutAsync("other")).IsSuccess);
        var (one, two, other) = (await BeginAsync(), await BeginAsync(), await BeginAsync("other"));
        Assert.Equal("sso.state", (await FinishAsync(one, IdToken(one), cookie: two.Cookie)).Code);
        Assert.Equal("sso.state", (await FinishAsync(one, IdToken(one), cookie: other.Cookie)).Code);
        Assert.Equal("sso.state", (await FinishAsync(other, IdToken(other), provider: "corp")).Code);
        Assert.Equal("sso.state", (await FinishAsync(one, IdToken(one), cookie: one.Cookie[..^1] + (one.Cookie[^1] == 'A' ? 'B' : 'A'))).Code);
        Assert.Equal("sso.state", (await FinishAsync(one, IdToken(one), cookie: "")).Code);
        Assert.Equal("sso.state", (await FinishAsync(one, IdToken(one), query: $"?state={one["state"]}&iss={Uri.EscapeDataString(_issuer.Issuer)}")).Code);
        // The mix-up: another provider's answer, or none where this one names itself (RFC 9207).
        Assert.Equal("sso.issuer", (await FinishAsync(one, IdToken(one), query: $"?code=c&state={one["state"]}&iss=https%3A%2F%2Fsomebody.example")).Code);
        Assert.Equal("sso.issuer", (await FinishAsync(one, IdToken(one), query: $"?code=c&state={one["state"]}")).Code);
        _host.Time.Advance(TimeSpan.FromMinutes(11));
        Assert.Equal("sso.state", (await FinishAsync(one, IdToken(one))).Code);
    }

    [Fact]
    public async Task UserInformation_AboutSomebodyElse_IsNotUsed()
    {
        var begun = await BeginAsync();
        var claims = IdToken(begun);
        claims.Remove("groups");
        _issuer.UserInfo = new JsonObject { ["sub"] = "sub-2", ["groups"] = new JsonArray("ops") };
        Assert.Equal("sso.token", (await FinishAsync(begun, claims)).Code);
    }

    [Fact]
    public async Task EqualNames_AreDifferentPeople_AndALinkedPersonComesInNoOtherWay()
    {
        Assert.True((await _host.Owner!.PostAsync("/principals", new { name = "olga", role = "auditor" })).IsSuccess);
        var begun = await BeginAsync();
        Assert.Equal("", (await FinishAsync(begun, IdToken(begun))).Code);
        var people = await _host.Owner.GetAsync("/principals");
        Assert.Contains("\"olga-2\"", people.Body, StringComparison.Ordinal);
        Assert.Equal("principal.provider", (await _host.Owner.PostAsync("/principals/olga-2/invitation")).Code);
        Assert.Equal("provider.linked", (await _host.Owner.PostAsync("/identity-providers/corp/links", new { person = "olga", subject = "sub-1" })).Code);
        Assert.True((await _host.Owner.PostAsync("/identity-providers/corp/links", new { person = "olga", subject = "sub-7" })).IsSuccess);
        var linked = await BeginAsync();
        Assert.Equal("", (await FinishAsync(linked, IdToken(linked, "sub-7"))).Code);
    }

    private async Task<DateTimeOffset?> ProvedAtAsync(long? authTime, params string[] methods)
    {
        var begun = await BeginAsync();
        var claims = IdToken(begun);
        claims["amr"] = new JsonArray([.. methods.Select(m => (JsonNode)m)]);
        if (authTime is not null)
            claims["auth_time"] = authTime;
        var (code, context) = await FinishAsync(begun, claims);
        Assert.Equal("", code);
        return (await SessionAsync(SessionOf(context))).Value.Session.MfaAt;
    }

    [Fact]
    public async Task SecondFactor_OfTheProvider_CountsWhereConfigured_FromWhenItWasSeen_AndNeverFromTheFuture()
    {
        var now = _host.Time.GetUtcNow();
        Assert.InRange((await ProvedAtAsync(now.AddHours(5).ToUnixTimeSeconds(), "pwd", "otp"))!.Value, now, now.AddMinutes(2));
        // Somebody signed in there long ago: that is when they proved it, not now.
        Assert.Equal(now.AddHours(-2).ToUnixTimeSeconds(), (await ProvedAtAsync(now.AddHours(-2).ToUnixTimeSeconds(), "otp"))!.Value.ToUnixTimeSeconds());
        Assert.Null(await ProvedAtAsync(now.ToUnixTimeSeconds(), "pwd"));
    }

    [Fact]
    public async Task PeopleOfAProvider_AreNoSecondPersonForWhoConnectedIt_UntilTheyHaveShownToBe()
    {
        var now = _host.Time.GetUtcNow();
        Assert.NotNull(await ProvedAtAsync(now.ToUnixTimeSeconds(), "otp"));
        var olga = (await _host.Owner!.GetAsync("/principals")).Json!["items"]!.AsArray().Single(p => p!["name"]!.GetValue<string>() == "olga")!["principal"]!.GetValue<string>();
        async Task<IReadOnlySet<string>> BehindAsync(string id)
        {
            await using var scope = _host.Services.CreateAsyncScope();
            return await scope.ServiceProvider.GetRequiredService<Merlon.Access.Changes.SecondPerson>().BehindAsync(id, CancellationToken.None);
        }
        Assert.Contains(_host.Owner.Principal, await BehindAsync(olga));
        // One who was there before, and is now whoever the owner says.
        var ann = await _host.AddAsync("ann", "auditor");
        await using (var scope = _host.Services.CreateAsyncScope())
        {
            // She had shown a factor of her own, when it was hers.
            var db = scope.ServiceProvider.GetRequiredService<Merlon.Access.Storage.AccessDb>();
            db.People.Add(new Merlon.Access.Model.Person { PrincipalId = ann.Principal, ProvedAt = now });
            await db.SaveChangesAsync();
        }
        Assert.True((await _host.Owner.PostAsync("/identity-providers/corp/links", new { person = "ann", subject = "sub-9" })).IsSuccess);
        Assert.Equal(System.Net.HttpStatusCode.Unauthorized, (await ann.GetAsync("/whoami")).Status);
        _host.Time.Advance(TimeSpan.FromDays(31));
        Assert.DoesNotContain(_host.Owner.Principal, await BehindAsync(olga));
        // Old enough, but it has not shown anything since.
        Assert.Contains(_host.Owner.Principal, await BehindAsync(ann.Principal));
    }

    [Theory]
    [InlineData("right", true)]
    [InlineData("by-subject", true)]
    [InlineData("nonce", false)]
    [InlineData("no-event", false)]
    [InlineData("nobody", false)]
    [InlineData("audience", false)]
    [InlineData("no-id", false)]
    [InlineData("other-session", true, false)]
    [InlineData("id-token", false)]
    public async Task LogoutToken_EndsTheSession_OnlyWhenItIsOne(string what, bool isTaken, bool ends = true)
    {
        var begun = await BeginAsync();
        var (_, signedIn) = await FinishAsync(begun, IdToken(begun));
        var cookie = SessionOf(signedIn);
        var claims = _issuer.Claims("merlon", _host.Time.GetUtcNow());
        (claims["sid"], claims["events"]) = ("session-1", new JsonObject { ["http://schemas.openid.net/event/backchannel-logout"] = new JsonObject() });
        switch (what)
        {
            case "by-subject": claims.Remove("sid"); break;
            case "nonce": claims["nonce"] = "n"; break;
            case "no-event": claims["events"] = new JsonObject { ["https://somebody.example/event"] = new JsonObject() }; break;
            case "nobody": claims.Remove("sid"); claims.Remove("sub"); break;
            case "audience": claims["aud"] = "somebody"; break;
            case "no-id": claims.Remove("jti"); break;
            case "other-session": claims["sid"] = "session-2"; break;
            case "id-token": claims.Remove("events"); break;
            default: break;
        }
        var token = _issuer.Sign(claims, _issuer.Header("logout+jwt"));
        Assert.Equal(isTaken, (await LogoutAsync(token)).IsSuccess);
        Assert.Equal(!(isTaken && ends), await IsAliveAsync(cookie));
        // Once only.
        Assert.False((await LogoutAsync(token)).IsSuccess);
    }

    private async Task<ControlAnswer> LogoutAsync(string token)
    {
        using var form = new FormUrlEncodedContent([new("logout_token", token)]);
        return await ControlAnswer.ReadAsync(await _host.Anonymous.PostAsync("/identity-providers/corp/logout", form));
    }

    private static string SessionOf(DefaultHttpContext context) =>
        context.Response.Headers.SetCookie.Single(c => c!.StartsWith("__Host-merlon=ms_", StringComparison.Ordinal))!.Split(';')[0];

    private async Task<Result<Caller>> SessionAsync(string cookie)
    {
        await using var scope = _host.Services.CreateAsyncScope();
        var context = new DefaultHttpContext();
        context.Request.Headers.Cookie = cookie;
        return await scope.ServiceProvider.GetRequiredService<Merlon.Access.Authorization.Authorizer>().ResolveSessionAsync(context, CancellationToken.None);
    }

    private async Task<bool> IsAliveAsync(string cookie) => !(await SessionAsync(cookie)).IsRefused;

    [Fact]
    public async Task Provider_IsForOwnersOnly_AndOfOneTenant()
    {
        var security = await _host.AddAsync("sec", "security-officer");
        Assert.Equal("provider.owner", (await security.PutAsync("/identity-providers/mine", Form(_issuer.Issuer, _issuer.CaPem))).Code);
        Assert.Equal("provider.owner", (await security.PostAsync("/identity-providers/corp/links", new { person = "sec", subject = "x" })).Code);
        Assert.Equal("provider.exists", (await PutAsync("corp")).Code);
        Assert.Equal("provider.used", (await _host.Owner!.DeleteAsync("/identity-providers/corp")).Code);
        // The secret is not given back, nor in any file of the database as it is.
        Assert.DoesNotContain("secret\":\"", (await _host.Owner.GetAsync("/identity-providers/corp")).Body, StringComparison.Ordinal);
        Assert.Equal("access.unauthenticated", (await ControlAnswer.ReadAsync(await _host.Anonymous.GetAsync("/identity-providers"))).Code);

        var made = await _host.Owner.PostAsync("/organizations", new { name = "acme", owner = "boss" });
        var acme = await _host.EnrolAsync(_host.Client(made.Text("token"), made.Text("principal")));
        Assert.DoesNotContain("corp", (await acme.GetAsync("/identity-providers")).Body, StringComparison.Ordinal);
        Assert.Equal("provider.unknown", (await acme.GetAsync("/identity-providers/corp")).Code);
        Assert.Equal("provider.unknown", (await acme.DeleteAsync("/identity-providers/corp")).Code);
        Assert.Equal("provider.exists", (await acme.PutAsync("/identity-providers/corp", Form(_issuer.Issuer, _issuer.CaPem))).Code);
        // Another tenant's group is none here.
        Assert.Equal("principal.unknown", (await acme.BindAsync("group:corp/ops", "owner", "organisation")).Code);
    }
}
