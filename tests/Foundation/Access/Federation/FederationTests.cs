using System.Buffers.Text;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Merlon.Access.Tests.Changes;
using Merlon.Access.Tests.Issuers;
using Merlon.ControlHost;

namespace Merlon.Access.Tests.Federation;

/// <summary>Machines that come with a token of their own issuer, and what must not pass for one (RFC 8725).</summary>
public sealed class FederationTests : IAsyncLifetime
{
    private const string Audience = "https://merlon.example", JwtBearer = "urn:ietf:params:oauth:grant-type:jwt-bearer";
    private ControlHost.ControlHost _host = null!;
    private IssuerPeer _issuer = null!;
    private ControlClient _service = null!;

    public async Task InitializeAsync()
    {
        (_host, _issuer) = (await AccessHost.StartAsync(), await IssuerPeer.StartAsync());
        var made = await _host.Owner!.PostAsync("/services", new { name = "ci", role = "ml-engineer" });
        _service = new ControlClient(_host.Anonymous, made.Text("token"), made.Text("principal"));
    }

    public async Task DisposeAsync()
    {
        await _issuer.DisposeAsync();
        await _host.DisposeAsync();
    }

    private Task<ControlAnswer> AddAsync(string name = "main", Dictionary<string, string>? claims = null, string[]? verbs = null, string service = "ci", string? issuer = null) =>
        _host.Owner!.PostAsync("/federations", new
        {
            name, issuer = issuer ?? _issuer.Issuer, ca = _issuer.CaPem, audience = Audience, service, verbs = verbs ?? ["model:read"],
            claims = claims ?? new Dictionary<string, string> { ["repository"] = "acme/fraud", ["ref"] = "refs/heads/*" }, lifeSeconds = 600,
        });

    private JsonObject Claims()
    {
        var claims = _issuer.Claims(Audience, _host.Time.GetUtcNow());
        (claims["repository"], claims["ref"]) = ("acme/fraud", "refs/heads/main");
        return claims;
    }

    private async Task<ControlAnswer> TokenAsync(params (string Name, string Value)[] form)
    {
        using var content = new FormUrlEncodedContent(form.Select(f => KeyValuePair.Create(f.Name, f.Value)));
        return await ControlAnswer.ReadAsync(await _host.Anonymous.PostAsync("/oauth/token", content));
    }

    private Task<ControlAnswer> ExchangeAsync(string client, string assertion) => TokenAsync(("grant_type", JwtBearer), ("client_id", client), ("assertion", assertion));

    private async Task<HttpStatusCode> CallAsync(string token, string path)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.Authorization = new("Bearer", token);
        using var response = await _host.Anonymous.SendAsync(request);
        return response.StatusCode;
    }

    [Fact]
    public async Task Exchange_GivesAShortTokenForTheVerbsOnly_OnceForEachAssertion()
    {
        var client = (await AddAsync()).Text("clientId");
        var assertion = _issuer.Sign(Claims());
        var granted = await ExchangeAsync(client, assertion);
        Assert.True(granted.IsSuccess, granted.Body);
        Assert.Equal(("Bearer", 600, "model:read"), (granted.Text("token_type"), granted.Number("expires_in"), granted.Text("scope")));
        Assert.Equal(HttpStatusCode.OK, await CallAsync(granted.Text("access_token"), "/models/fraud"));
        // The service may list bindings as an ML engineer may not; its token may not even what the service may.
        Assert.Equal(HttpStatusCode.Forbidden, await CallAsync(granted.Text("access_token"), "/bindings"));
        Assert.Equal("invalid_grant", (await ExchangeAsync(client, assertion)).Text("error"));
        Assert.Contains(_host.Events.All, e => e.Operation == "signin" && e.Attributes.Any(a => a.Name == "federation" && Equals(a.Text, "main")));

        _host.Time.Advance(TimeSpan.FromSeconds(601));
        Assert.Equal(HttpStatusCode.Unauthorized, await CallAsync(granted.Text("access_token"), "/models/fraud"));
    }

    [Fact]
    public async Task Exchange_ByTokenExchange_NamesTheKindOfTokenItGave()
    {
        var client = (await AddAsync()).Text("clientId");
        var granted = await TokenAsync(("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"), ("client_id", client), ("subject_token", _issuer.Sign(Claims())),
            ("subject_token_type", "urn:ietf:params:oauth:token-type:jwt"));
        Assert.Equal("urn:ietf:params:oauth:token-type:access_token", granted.Text("issued_token_type"));
        var other = await TokenAsync(("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"), ("client_id", client), ("subject_token", _issuer.Sign(Claims())),
            ("subject_token_type", "urn:ietf:params:oauth:token-type:refresh_token"));
        Assert.Equal("invalid_request", other.Text("error"));
    }

    public static TheoryData<string> Forgeries =>
    [
        "none", "hmac", "other-key", "unknown-key", "expired", "not-yet", "issued-later", "no-end", "no-issue-time", "audience", "issuer", "critical", "kind", "claim-missing", "claim-other",
        "claim-prefix", "claim-list", "cut", "not-a-token", "huge", "changed", "five-parts",
    ];

    [Theory]
    [MemberData(nameof(Forgeries))]
    public async Task Exchange_OfAForgery_IsRefused(string forgery)
    {
        var client = (await AddAsync()).Text("clientId");
        var claims = Claims();
        var now = _host.Time.GetUtcNow();
        var token = forgery switch
        {
            "none" => $"{IssuerPeer.Encode(new JsonObject { ["alg"] = "none" })}.{IssuerPeer.Encode(claims)}.",
            "hmac" => Hmac(claims),
            "other-key" => _issuer.Sign(claims, key: ECDsa.Create(ECCurve.NamedCurves.nistP256)),
            "unknown-key" => _issuer.Sign(claims, new JsonObject { ["alg"] = "ES256", ["kid"] = "nobody" }, ECDsa.Create(ECCurve.NamedCurves.nistP256)),
            "expired" => _issuer.Sign(With(claims, "exp", now.AddMinutes(-2).ToUnixTimeSeconds())),
            "not-yet" => _issuer.Sign(With(claims, "nbf", now.AddMinutes(2).ToUnixTimeSeconds())),
            "issued-later" => _issuer.Sign(With(claims, "iat", now.AddMinutes(2).ToUnixTimeSeconds())),
            "no-end" => _issuer.Sign(With(claims, "exp", null)),
            "no-issue-time" => _issuer.Sign(With(claims, "iat", null)),
            "audience" => _issuer.Sign(With(claims, "aud", "https://somebody.example")),
            "issuer" => _issuer.Sign(With(claims, "iss", _issuer.Issuer + "/")),
            "critical" => _issuer.Sign(claims, With(_issuer.Header(), "crit", new JsonArray("b64"))),
            "kind" => _issuer.Sign(claims, _issuer.Header("logout+jwt")),
            "claim-missing" => _issuer.Sign(With(claims, "repository", null)),
            "claim-other" => _issuer.Sign(With(claims, "repository", "acme/fraud-2")),
            "claim-prefix" => _issuer.Sign(With(claims, "ref", "refs/tags/1")),
            "claim-list" => _issuer.Sign(With(claims, "repository", new JsonArray("acme/fraud"))),
            "cut" => _issuer.Sign(claims)[..^8],
            "not-a-token" => "a.b.c",
            "huge" => _issuer.Sign(With(claims, "more", new string('x', 20_000))),
            "changed" => Changed(_issuer.Sign(claims), claims),
            _ => _issuer.Sign(claims) + ".x.y",
        };
        var refused = await ExchangeAsync(client, token);
        Assert.Equal((HttpStatusCode.BadRequest, "invalid_grant"), (refused.Status, refused.Text("error")));
        // The twin that is right.
        Assert.True((await ExchangeAsync(client, _issuer.Sign(Claims()))).IsSuccess);
    }

    private static JsonObject With(JsonObject json, string name, JsonNode? value)
    {
        if (value is null)
            json.Remove(name);
        else
            json[name] = value;
        return json;
    }

    // The public key as the secret of an HMAC: the confusion of algorithms.
    private string Hmac(JsonObject claims)
    {
        var text = IssuerPeer.Encode(new JsonObject { ["alg"] = "HS256", ["kid"] = _issuer.KeyId }) + "." + IssuerPeer.Encode(claims);
        return text + "." + Base64Url.EncodeToString(HMACSHA256.HashData(Encoding.ASCII.GetBytes(_issuer.Key.ExportSubjectPublicKeyInfoPem()), Encoding.ASCII.GetBytes(text)));
    }

    private static string Changed(string token, JsonObject claims)
    {
        var parts = token.Split('.');
        return $"{parts[0]}.{IssuerPeer.Encode(With(claims, "sub", "somebody-else"))}.{parts[2]}";
    }

    [Fact]
    public async Task Keys_ThatChange_AreReadAgain_AndMadeUpNamesDoNotMakeUsAsk()
    {
        var client = (await AddAsync()).Text("clientId");
        Assert.True((await ExchangeAsync(client, _issuer.Sign(Claims()))).IsSuccess);
        _issuer.Rotate();
        var rotated = await ExchangeAsync(client, _issuer.Sign(Claims()));
        Assert.True(rotated.IsSuccess, rotated.Body);
        var reads = _issuer.KeyReads;
        for (var i = 0; i < 20; i++)
            Assert.False((await ExchangeAsync(client, _issuer.Sign(Claims(), new JsonObject { ["alg"] = "ES256", ["kid"] = $"made-up-{i}" }))).IsSuccess);
        Assert.InRange(_issuer.KeyReads - reads, 0, 1);
        // The issuer takes a key back: within the hour of its document, and no longer.
        var last = _issuer.Sign(Claims());
        _host.Time.Advance(TimeSpan.FromMinutes(61));
        _issuer.Rotate();
        Assert.False((await ExchangeAsync(client, last)).IsSuccess);
    }

    [Theory]
    [InlineData("issuer", "https://somebody.example")]
    [InlineData("jwks_uri", "http://localhost/keys")]
    [InlineData("jwks_uri", "https://169.254.169.254/keys")]
    public async Task Document_ThatIsOfAnotherOrLeadsElsewhere_IsNotUsed(string name, string value)
    {
        var client = (await AddAsync()).Text("clientId");
        _issuer.Discovery[name] = value;
        var refused = await ExchangeAsync(client, _issuer.Sign(Claims()));
        Assert.Equal((HttpStatusCode.ServiceUnavailable, "temporarily_unavailable"), (refused.Status, refused.Text("error")));
    }

    [Fact]
    public async Task Document_WithASharedSecretAsKey_GivesNoKey()
    {
        var client = (await AddAsync()).Text("clientId");
        _issuer.Keys = [new JsonObject { ["kty"] = "oct", ["kid"] = _issuer.KeyId, ["k"] = Base64Url.EncodeToString(new byte[32]) }];
        Assert.Equal("temporarily_unavailable", (await ExchangeAsync(client, _issuer.Sign(Claims()))).Text("error"));
    }

    [Theory]
    [InlineData("http://localhost")]
    [InlineData("https://user@localhost")]
    [InlineData("https://localhost/?a=b")]
    [InlineData("file:///etc/passwd")]
    [InlineData("localhost")]
    [InlineData("")]
    public async Task Add_WithABadAddress_IsRefused(string issuer) => Assert.Equal("issuer.address", (await AddAsync(issuer: issuer)).Code);

    [Fact]
    public async Task Add_WithoutWhatNarrowsIt_IsRefused()
    {
        Assert.Equal("federation.invalid", (await AddAsync(claims: [])).Code);
        Assert.Equal("federation.invalid", (await AddAsync(claims: new() { ["repository"] = "*" })).Code);
        Assert.Equal("federation.invalid", (await AddAsync(claims: new() { ["repository"] = "ac*me" })).Code);
        Assert.Equal("federation.invalid", (await AddAsync(verbs: [])).Code);
        Assert.Equal("federation.invalid", (await AddAsync(verbs: ["everything"])).Code);
        Assert.Equal("principal.unknown", (await AddAsync(service: "nobody")).Code);
    }

    [Fact]
    public async Task Token_IsNeverMoreThanTheServiceHasNow_AndEndsWithTheFederation()
    {
        var client = (await AddAsync(verbs: ["model:read", "system:backup"])).Text("clientId");
        var granted = await ExchangeAsync(client, _issuer.Sign(Claims()));
        Assert.Equal("model:read", granted.Text("scope"));
        Assert.True((await _host.Owner!.DeleteAsync("/federations/main")).IsSuccess);
        Assert.Equal(HttpStatusCode.Unauthorized, await CallAsync(granted.Text("access_token"), "/models/fraud"));
        Assert.Equal((HttpStatusCode.Unauthorized, "invalid_client"), ((await ExchangeAsync(client, _issuer.Sign(Claims()))).Status, (await ExchangeAsync(client, _issuer.Sign(Claims()))).Text("error")));
    }

    [Fact]
    public async Task ClientCredentials_GiveAShortToken_ForWhatIsAsked_AndAreLockedWhenGuessed()
    {
        (string, string)[] right = [("grant_type", "client_credentials"), ("client_id", _service.Principal), ("client_secret", _service.Token)];
        var all = await TokenAsync(right);
        Assert.Contains("model:push", all.Text("scope").Split(' '));
        var narrow = await TokenAsync([.. right, ("scope", "model:read")]);
        Assert.Equal("model:read", narrow.Text("scope"));
        Assert.Equal(HttpStatusCode.OK, await CallAsync(narrow.Text("access_token"), "/models/fraud"));
        Assert.Equal("invalid_scope", (await TokenAsync([.. right, ("scope", "model:read system:backup")])).Text("error"));
        // A short token makes no others.
        Assert.Equal("invalid_client", (await TokenAsync(("grant_type", "client_credentials"), ("client_id", _service.Principal), ("client_secret", narrow.Text("access_token")))).Text("error"));
        Assert.Equal("invalid_request", (await TokenAsync([.. right, ("client_id", _service.Principal)])).Text("error"));
        Assert.Equal("unsupported_grant_type", (await TokenAsync(("grant_type", "password"), ("client_id", _service.Principal))).Text("error"));

        // A person's token is no client's secret.
        Assert.Equal("invalid_client", (await TokenAsync(("grant_type", "client_credentials"), ("client_id", _host.Owner!.Principal), ("client_secret", _host.Owner.Token))).Text("error"));
        // Whoever knows the client's name does not shut it out, and the network that goes on guessing is locked.
        ControlAnswer answer = null!;
        for (var i = 0; i < 10; i++)
            Assert.Equal("invalid_client", (await TokenAsync(("grant_type", "client_credentials"), ("client_id", _service.Principal), ("client_secret", "wrong"))).Text("error"));
        Assert.True((await TokenAsync(right)).IsSuccess);
        for (var i = 0; i < 25; i++)
            answer = await TokenAsync(("grant_type", "client_credentials"), ("client_id", _service.Principal), ("client_secret", "wrong"));
        Assert.Equal(HttpStatusCode.TooManyRequests, answer.Status);
    }

    [Fact]
    public async Task Token_ForNamedVerbs_IsForOneProject_AndGivesNoRights()
    {
        Assert.True((await _host.Owner!.PostAsync("/projects", new { name = "lab" })).IsSuccess);
        Assert.True((await _host.Owner.BindAsync(_service.Principal, "owner", "organisation")).IsSuccess);
        (string, string)[] right = [("grant_type", "client_credentials"), ("client_id", _service.Principal), ("client_secret", _service.Token)];
        var narrow = (await TokenAsync(right)).Text("access_token");
        async Task<HttpStatusCode> InLabAsync(string token)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "/models/fraud") { Headers = { { "X-Merlon-Project", "lab" } } };
            request.Headers.Authorization = new("Bearer", token);
            using var response = await _host.Anonymous.SendAsync(request);
            return response.StatusCode;
        }
        Assert.Equal(HttpStatusCode.OK, await InLabAsync(_service.Token));
        Assert.Equal(HttpStatusCode.NotFound, await InLabAsync(narrow));
        Assert.Equal(HttpStatusCode.OK, await CallAsync(narrow, "/models/fraud"));

        foreach (var giving in (string[])["access:manage", "principal:manage", "key:manage", "organization:manage"])
        {
            Assert.Equal("federation.invalid", (await AddAsync("g", verbs: [giving])).Code);
            Assert.Equal("invalid_scope", (await TokenAsync([.. right, ("scope", giving)])).Text("error"));
        }
        Assert.Equal(HttpStatusCode.OK, await CallAsync(_service.Token, "/principals"));
        Assert.Equal(HttpStatusCode.Forbidden, await CallAsync(narrow, "/principals"));
    }

    [Fact]
    public async Task Issuer_ThatDoesNotAnswer_IsAskedOnce_ByManyAtATime()
    {
        var client = (await AddAsync()).Text("clientId");
        _issuer.Discovery["issuer"] = "https://somebody.example";
        for (var i = 0; i < 10; i++)
            Assert.Equal("temporarily_unavailable", (await ExchangeAsync(client, _issuer.Sign(Claims()))).Text("error"));
        Assert.Equal(1, _issuer.DiscoveryReads);
        // It is back: a moment later it is asked again.
        _issuer.Discovery["issuer"] = _issuer.Issuer;
        _host.Time.Advance(TimeSpan.FromSeconds(6));
        Assert.True((await ExchangeAsync(client, _issuer.Sign(Claims()))).IsSuccess);
    }

    [Fact]
    public async Task ClientCredentials_InTheHeader_AreDecodedAsRfc6749Wants()
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/oauth/token") { Content = new FormUrlEncodedContent([new("grant_type", "client_credentials")]) };
        request.Headers.Authorization = new("Basic", Convert.ToBase64String(Encoding.ASCII.GetBytes($"{Uri.EscapeDataString(_service.Principal)}:{Uri.EscapeDataString(_service.Token)}")));
        Assert.True((await ControlAnswer.ReadAsync(await _host.Anonymous.SendAsync(request))).IsSuccess);
    }
}
