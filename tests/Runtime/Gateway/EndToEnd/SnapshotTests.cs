using System.Net;
using Merlon.Gateway.Contracts;
using Merlon.Kernel;
using Microsoft.Extensions.DependencyInjection;

namespace Merlon.Gateway.Tests.EndToEnd;

public sealed class SnapshotTests
{
    [Fact]
    public async Task BeforeTheFirstSnapshot_NothingIsReady()
    {
        await using var host = await GatewayHost.StartAsync();
        using var client = host.Client(ApiKeys.Mint().Token);
        Assert.Equal(503, (int)(await client.GetAsync("/v2/health/ready")).StatusCode);
        Assert.Equal(200, (int)(await client.GetAsync("/v2/health/live")).StatusCode);
        Assert.Equal(503, (int)(await client.PostAsync(InferenceTests.Infer, InferenceTests.Body("[1,2,3]"))).StatusCode);
        Assert.False(host.Status.IsReady);
    }

    [Fact]
    public async Task RevisionSwitchUnderLoad_FailsNoCallAndReleasesTheOldWorker()
    {
        await using var host = await GatewayHost.StartAsync(new GatewayOptions { DefaultRatePerSecond = 1e6, DefaultBurst = 1_000_000 });
        using var a = host.StartWorker("a", GatewayHost.ManifestA, offset: 1000);
        using var b = host.StartWorker("b", GatewayHost.ManifestB, offset: 2000);
        var key = ApiKeys.Mint();
        await host.PublishAsync(1, [host.Route()], GatewayHost.Entry(key, host.Route()));
        using var client = host.Client(key.Token);
        using var stop = new CancellationTokenSource();
        var seen = new System.Collections.Concurrent.ConcurrentDictionary<string, int>();
        var load = Enumerable.Range(0, 8).Select(_ => Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested)
            {
                var answer = await client.PostAsync(InferenceTests.Infer, InferenceTests.Body("[1,2,3]"));
                var text = await answer.Content.ReadAsStringAsync();
                Assert.True(answer.StatusCode == HttpStatusCode.OK, text);
                // The version that the answer names is the one whose model computed it.
                Assert.Contains(text.Contains("\"model_version\":\"1\"") ? "[1006]" : "[2006]", text);
                seen.AddOrUpdate(text, 1, (_, n) => n + 1);
            }
        })).ToArray();
        var links = new HashSet<Workers.WorkerLink>();
        for (var version = 2; version <= 11; version++)
        {
            links.Add(host.Services.GetRequiredService<Merlon.Gateway.Snapshots.SnapshotHolder>().Current.Targets.Single().Link);
            await Task.Delay(50);
            var route = version % 2 == 0 ? host.Route(socket: "b", version: 2) : host.Route();
            await host.PublishAsync(version, [route], GatewayHost.Entry(key, route));
        }
        await stop.CancelAsync();
        await Task.WhenAll(load);
        Assert.Equal(2, seen.Count);
        Assert.Equal(10, links.Count);
        for (var i = 0; i < 100 && links.Any(l => l.IsUp); i++)
            await Task.Delay(20);
        Assert.DoesNotContain(links, l => l.IsUp || l.TryHold());
        Assert.All(seen.Values, n => Assert.InRange(n, 10, int.MaxValue));
    }

    [Fact]
    public async Task BadOrOldSnapshots_KeepTheLastGoodOneAndSaySo()
    {
        await using var host = await GatewayHost.StartAsync();
        using var worker = host.StartWorker("a", GatewayHost.ManifestA);
        var key = ApiKeys.Mint();
        await host.PublishAsync(5, [host.Route()], GatewayHost.Entry(key, host.Route()));
        using var client = host.Client(key.Token);
        foreach (var (envelope, problem) in new (byte[], string)[]
        {
            ([(byte)'X', .. GatewaySnapshotJson.Write(new GatewaySnapshot { Version = 9, IssuedAt = DateTimeOffset.UtcNow })], "signature"),
            ("S{\"version\":9"u8.ToArray(), "not valid JSON"),
            ("Snull"u8.ToArray(), "null"),
            ([(byte)'S', .. GatewaySnapshotJson.Write(new GatewaySnapshot { Version = 4, IssuedAt = DateTimeOffset.UtcNow })], "not newer"),
            ([(byte)'S', .. GatewaySnapshotJson.Write(new GatewaySnapshot { Version = 9, IssuedAt = DateTimeOffset.UtcNow, Endpoints = [host.Route(), host.Route()] })], "stands twice"),
        })
        {
            host.SendRaw(envelope);
            for (var i = 0; i < 250 && host.Status.Problem?.Contains(problem) != true; i++)
                await Task.Delay(20);
            Assert.Contains(problem, host.Status.Problem);
            Assert.Equal(5, host.Status.SnapshotVersion);
            Assert.Equal(200, (int)(await client.PostAsync(InferenceTests.Infer, InferenceTests.Body("[1,2,3]"))).StatusCode);
        }
    }

    [Fact]
    public async Task ControlDown_CallsGoOnAndTheAgeShows()
    {
        await using var host = await GatewayHost.StartAsync();
        using var worker = host.StartWorker("a", GatewayHost.ManifestA);
        var key = ApiKeys.Mint();
        await host.PublishAsync(1, [host.Route()], GatewayHost.Entry(key, host.Route()));
        host.ControlIsDown = true;
        using var client = host.Client(key.Token);
        for (var i = 0; i < 100 && host.Status.Problem is null; i++)
            await Task.Delay(20);
        Assert.Contains("cannot be reached", host.Status.Problem);
        Assert.Equal(200, (int)(await client.PostAsync(InferenceTests.Infer, InferenceTests.Body("[1,2,3]"))).StatusCode);
        await Task.Delay(100);
        Assert.InRange(host.Status.SinceContact.TotalMilliseconds, 50, 10_000);
        host.ControlIsDown = false;
        await host.PublishAsync(2, [host.Route()]);
        Assert.Equal(401, (int)(await client.GetAsync("/v2")).StatusCode);
    }

    [Fact]
    public void Json_RoundTrip_KeepsEveryField()
    {
        var key = ApiKeys.Mint();
        var json = GatewaySnapshotJson.Write(new GatewaySnapshot
        {
            Version = 7,
            IssuedAt = DateTimeOffset.UnixEpoch,
            Keys = [new ApiKeyEntry { KeyId = key.KeyId, SecretHash = key.SecretHash, Scope = Scope.Default, Principal = "p", EndpointIds = [Guid.CreateVersion7()], NotAfter = DateTimeOffset.UnixEpoch, RatePerSecond = 2.5, Burst = 3, MaxConcurrent = 4, SubjectPublicKey = new byte[] { 9, 8 } }],
        });
        var read = GatewaySnapshotJson.Read(json).Value;
        Assert.Equal(json, GatewaySnapshotJson.Write(read));
        Assert.Equal(key.SecretHash, read.Keys[0].SecretHash);
        Assert.Equal([9, 8], read.Keys[0].SubjectPublicKey.ToArray());
        Assert.True(GatewaySnapshotJson.Read("{\"version\":1,\"version\":2,\"issuedAt\":\"2026-01-01T00:00:00Z\"}"u8).IsRefused);
    }
}
