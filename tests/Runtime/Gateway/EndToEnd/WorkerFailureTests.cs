using System.Diagnostics;
using Merlon.Gateway.Contracts;
using Merlon.Gateway.Limiting;
using Merlon.Kernel;
using Microsoft.Extensions.DependencyInjection;

namespace Merlon.Gateway.Tests.EndToEnd;

public sealed class WorkerFailureTests : IAsyncLifetime
{
    private readonly MintedKey _key = ApiKeys.Mint();
    private GatewayHost _host = null!;
    private HttpClient _client = null!;

    public async Task InitializeAsync()
    {
        _host = await GatewayHost.StartAsync();
        await _host.PublishAsync(1, [_host.Route()], GatewayHost.Entry(_key, _host.Route()));
        _client = _host.Client(_key.Token);
    }

    public async Task DisposeAsync()
    {
        _client.Dispose();
        await _host.DisposeAsync();
    }

    private Task<HttpResponseMessage> InferAsync(string data = "[1,2,3]", CancellationToken cancellationToken = default) =>
        _client.PostAsync(InferenceTests.Infer, InferenceTests.Body(data), cancellationToken);

    private async Task<int> UntilUpAsync()
    {
        var clock = Stopwatch.StartNew();
        while ((await InferAsync()).StatusCode != System.Net.HttpStatusCode.OK)
            Assert.InRange(clock.ElapsedMilliseconds, 0, 5000);
        return (int)clock.ElapsedMilliseconds;
    }

    [Fact]
    public async Task WorkerNeverThere_Is503WithRetryAfterAndTheModelIsNotReady()
    {
        var answer = await InferAsync();
        Assert.Equal(503, (int)answer.StatusCode);
        Assert.NotNull(answer.Headers.RetryAfter);
        Assert.Equal(503, (int)(await _client.GetAsync("/v2/models/fraud/ready")).StatusCode);
        // The absence is known by now: no call waits for it again.
        var clock = Stopwatch.StartNew();
        Assert.Equal(503, (int)(await InferAsync()).StatusCode);
        Assert.InRange(clock.ElapsedMilliseconds, 0, 250);
    }

    [Fact]
    public async Task WorkerDiesInACall_IsAClean503AndRecoveryFollowsItsReturn()
    {
        var worker = _host.StartWorker("a", GatewayHost.ManifestA);
        await UntilUpAsync();
        var call = InferAsync("[-1,0,0]");
        await worker.Waiting.WaitAsync();
        worker.Dispose();
        var answer = await call;
        Assert.Equal(503, (int)answer.StatusCode);
        Assert.Equal("""{"error":"The model stopped while it worked on the request."}""", await answer.Content.ReadAsStringAsync());
        Assert.Equal("worker.lost", _host.Events.Last().StatusCode);

        // A call that comes during the restart waits for it and succeeds.
        var early = InferAsync();
        await Task.Delay(100);
        using var next = _host.StartWorker("a", GatewayHost.ManifestA);
        Assert.Equal(200, (int)(await early).StatusCode);
    }

    [Fact]
    public async Task WorkerWithAnotherArtifact_IsNeverAsked()
    {
        using var worker = _host.StartWorker("a", GatewayHost.ManifestB);
        Assert.Equal(503, (int)(await InferAsync()).StatusCode);
        Assert.Equal(0, worker.Calls);
    }

    [Fact]
    public async Task ClientDisconnects_CancelReachesTheWorkerAndTheEventIsWritten()
    {
        using var worker = _host.StartWorker("a", GatewayHost.ManifestA);
        await UntilUpAsync();
        using var gone = new CancellationTokenSource();
        var call = InferAsync("[-1,0,0]", gone.Token);
        await worker.Waiting.WaitAsync();
        await gone.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
        Assert.True(await worker.Cancelled.WaitAsync(TimeSpan.FromSeconds(5)));
        for (var i = 0; i < 100 && _host.Events.Last().StatusCode != "client.gone"; i++)
            await Task.Delay(20);
        Assert.Equal("client.gone", _host.Events.Last().StatusCode);
    }

    [Fact]
    public async Task SlowModel_Is504AfterTheEndpointsTimeoutAndTheWorkerIsToldToStop()
    {
        using var worker = _host.StartWorker("a", GatewayHost.ManifestA);
        await UntilUpAsync();
        var clock = Stopwatch.StartNew();
        var answer = await InferAsync("[-1,0,0]");
        Assert.Equal(504, (int)answer.StatusCode);
        Assert.InRange(clock.ElapsedMilliseconds, 1900, 4000);
        Assert.True(await worker.Cancelled.WaitAsync(TimeSpan.FromSeconds(5)));
    }

    [Fact]
    public async Task AfterFailuresOfEveryKind_NothingStaysHeld()
    {
        using var worker = _host.StartWorker("a", GatewayHost.ManifestA);
        await UntilUpAsync();
        foreach (var data in (string[])["[1]", "[-2,0,0]", "[-3,0,0]", "[-4,0,0]", "[-5,0,0]", "[-1,0,0]", "[1,2,3]"])
            await InferAsync(data);
        for (var i = 0; i < 100 && _host.Services.GetRequiredService<ByteBudget>().Taken != 0; i++)
            await Task.Delay(10);
        Assert.Equal(0, _host.Services.GetRequiredService<ByteBudget>().Taken);
        var table = _host.Services.GetRequiredService<Merlon.Gateway.Snapshots.SnapshotHolder>().Current;
        Assert.Equal(0, table.Callers.Single().Counters.Running.Taken);
        Assert.Equal(0, table.Targets.Single().Running.Taken);
    }
}
