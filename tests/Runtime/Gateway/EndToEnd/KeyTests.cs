using System.Diagnostics;
using System.Net;
using Merlon.Gateway.Contracts;
using Merlon.Kernel;

namespace Merlon.Gateway.Tests.EndToEnd;

public sealed class KeyTests : IAsyncLifetime
{
    private GatewayHost _host = null!;
    private TestWorker _worker = null!;
    private MintedKey _key = null!;

    public async Task InitializeAsync()
    {
        _host = await GatewayHost.StartAsync();
        _worker = _host.StartWorker("a", GatewayHost.ManifestA);
        _key = ApiKeys.Mint();
        await _host.PublishAsync(1, [_host.Route(), _host.Route("other")], GatewayHost.Entry(_key, _host.Route()));
    }

    public async Task DisposeAsync()
    {
        await _host.DisposeAsync();
        _worker.Dispose();
    }

    private static readonly string[] s_routes = ["/v2", "/v2/models/fraud", "/v2/models/fraud/ready", "/v2/models/nothing", "/v2/models/fraud/versions/9"];

    [Fact]
    public async Task NoKey_EveryRouteButHealth_Is401BeforeAnythingIsRevealed()
    {
        using var client = _host.Client();
        var bodies = new HashSet<string>();
        foreach (var route in s_routes)
        {
            var answer = await client.GetAsync(route);
            Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
            Assert.Equal("Bearer", answer.Headers.WwwAuthenticate.Single().Scheme);
            bodies.Add(await answer.Content.ReadAsStringAsync());
        }
        var infer = await client.PostAsync("/v2/models/nothing/infer", new StringContent("not json"));
        bodies.Add(await infer.Content.ReadAsStringAsync());
        Assert.Single(bodies);
        Assert.Equal(200, (int)(await client.GetAsync("/v2/health/live")).StatusCode);
        Assert.Equal("{\"ready\":true}", await client.GetStringAsync("/v2/health/ready"));
        Assert.Empty(_host.Events);
        Assert.Equal(s_routes.Length + 1, _host.Flood.Count);
    }

    [Fact]
    public async Task BadKeys_AllGetTheSameAnswer()
    {
        var answers = new HashSet<string>();
        var other = ApiKeys.Mint();
        foreach (var token in (string[])
            [other.Token, _key.Token[..^1] + (_key.Token[^1] == 'A' ? 'B' : 'A'), ApiKeys.Prefix + _key.KeyId + "_" + other.Token[^43..],
            "mk_x_y", "x", _key.Token + "A", _key.Token.ToUpperInvariant(), "mk_" + new string('é', 24) + "_" + new string('é', 43)])
        {
            using var client = _host.Client();
            client.DefaultRequestHeaders.TryAddWithoutValidation("Authorization", "Bearer " + Uri.EscapeDataString(token));
            var answer = await client.GetAsync("/v2/models/fraud");
            Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
            answers.Add(await answer.Content.ReadAsStringAsync());
        }
        Assert.Single(answers);
    }

    [Fact]
    public async Task ExpiredKey_IsRefusedLikeAnUnknownOne()
    {
        await _host.PublishAsync(2, [_host.Route()], GatewayHost.Entry(_key, _host.Route()) with { NotAfter = DateTimeOffset.UtcNow.AddSeconds(-1) });
        using var client = _host.Client(_key.Token);
        Assert.Equal(401, (int)(await client.GetAsync("/v2/models/fraud")).StatusCode);
    }

    [Fact]
    public async Task XApiKeyHeader_IsTaken_AndTwoAuthorizationsAreNot()
    {
        using var client = _host.Client();
        client.DefaultRequestHeaders.Add("X-Api-Key", _key.Token);
        Assert.Equal(200, (int)(await client.GetAsync("/v2")).StatusCode);
        client.DefaultRequestHeaders.TryAddWithoutValidation("Authorization", ["Bearer " + _key.Token, "Basic eA=="]);
        Assert.Equal(401, (int)(await client.GetAsync("/v2")).StatusCode);
    }

    [Fact]
    public async Task EndpointOfOthers_LooksExactlyLikeOneThatDoesNotExist()
    {
        using var client = _host.Client(_key.Token);
        foreach (var route in (string[])["/v2/models/{0}", "/v2/models/{0}/ready", "/v2/models/{0}/versions/1", "/v2/models/{0}/versions/9"])
        {
            var exists = await client.GetAsync(string.Format(route, "other"));
            var absent = await client.GetAsync(string.Format(route, "otter"));
            Assert.Equal((403, 403), ((int)exists.StatusCode, (int)absent.StatusCode));
            Assert.Equal((await exists.Content.ReadAsStringAsync()).Replace("other", "otter"), await absent.Content.ReadAsStringAsync());
        }
        var infer = await client.PostAsync("/v2/models/other/infer", InferenceTests.Body("[1,2,3]"));
        Assert.Equal(403, (int)infer.StatusCode);
        Assert.Contains("Request for unknown model: 'other' is not found", WebUtility.HtmlDecode((await infer.Content.ReadAsStringAsync()).Replace("\\u0027", "'")));
        Assert.Equal("endpoint.unknown", Assert.Single(_host.Events).StatusCode);
        Assert.Equal(0, _worker.Calls);
    }

    [Fact]
    public async Task RevokedKey_IsRefusedWithinASecondOnOpenConnections()
    {
        using var client = _host.Client(_key.Token);
        Assert.Equal(200, (int)(await client.PostAsync(InferenceTests.Infer, InferenceTests.Body("[1,2,3]"))).StatusCode);
        _host.Send(new GatewaySnapshot { Version = 2, IssuedAt = DateTimeOffset.UtcNow, Endpoints = [_host.Route()] });
        var clock = Stopwatch.StartNew();
        while ((int)(await client.PostAsync(InferenceTests.Infer, InferenceTests.Body("[1,2,3]"))).StatusCode != 401)
            Assert.InRange(clock.ElapsedMilliseconds, 0, 1000);
    }

    [Fact]
    public void Mint_ManyKeys_AreDistinctAndHashTheirSecret()
    {
        var keys = Enumerable.Range(0, 1000).Select(_ => ApiKeys.Mint()).ToList();
        Assert.Equal(1000, keys.Select(k => k.KeyId).Distinct().Count());
        Assert.All(keys, k => Assert.Equal(ApiKeys.TokenLength, k.Token.Length));
        Assert.All(keys, k => Assert.Equal(k.SecretHash, Digest.Of(System.Text.Encoding.ASCII.GetBytes(k.Token[^ApiKeys.SecretLength..]))));
        Assert.DoesNotContain(keys[0].Token[^20..], keys[0].ToString());
    }

    [Fact]
    public async Task ManyBadKeys_FromOneNetwork_GetTheCheaperAnswerWhileGoodKeysWork()
    {
        await using var host = await GatewayHost.StartAsync(new GatewayOptions { UnauthenticatedPerSecond = 0.1, UnauthenticatedBurst = 3 });
        using var worker = host.StartWorker("a", GatewayHost.ManifestA);
        await host.PublishAsync(1, [host.Route()], GatewayHost.Entry(_key, host.Route()));
        using var bad = host.Client(ApiKeys.Mint().Token);
        var statuses = new List<int>();
        for (var i = 0; i < 5; i++)
            statuses.Add((int)(await bad.GetAsync("/v2")).StatusCode);
        Assert.Equal([401, 401, 401, 429, 429], statuses);
        using var good = host.Client(_key.Token);
        Assert.Equal(200, (int)(await good.PostAsync(InferenceTests.Infer, InferenceTests.Body("[1,2,3]"))).StatusCode);
    }
}
