using Merlon.ControlHost;
using Merlon.Kernel;
using Merlon.Serving.Contracts;
using Merlon.Serving.Deploy;
using Merlon.Serving.Nodes;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.DependencyInjection;

namespace Merlon.Serving.Tests.Deploy;

public sealed class DeploymentTests : IAsyncLifetime
{
    private readonly ServingFixture _serving = new();

    public Task InitializeAsync() => _serving.InitializeAsync();

    public Task DisposeAsync() => _serving.DisposeAsync();

    [Fact]
    public async Task Deploy_HealthyWorker_TakesTheEndpoint_AndGatewaysSeeWhatWasAdmitted()
    {
        var deployed = await _serving.PushAndDeployAsync("one");
        Assert.True(deployed.IsSuccess, deployed.Body);
        Assert.Equal((1, "active"), await _serving.EndpointAsync());
        await using var scope = _serving.Host.Services.CreateAsyncScope();
        var served = Assert.Single(await scope.ServiceProvider.GetRequiredService<IRouteDirectory>().ListServedAsync(CancellationToken.None));
        Assert.Equal((deployed.Text("manifest"), deployed.Text("contract"), deployed.Text("policy")),
            (served.Manifest.ToString(), served.ContractDigest.ToString(), served.PolicyDigest.ToString()));
        Assert.Equal(served.ContractDigest, Admission.Contracts.ContractDigest.Of(served.Contract));
        Assert.EndsWith(".sock", served.WorkerSocket, StringComparison.Ordinal);
        Assert.Equal(["deployment.create", "deployment.activate"], _serving.Host.Events.All.Select(e => e.Operation).Where(o => o.StartsWith("deployment.", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Deploy_WorkerThatFails_LeavesTheFormerRevision()
    {
        await _serving.PushAndDeployAsync("one");
        _serving.Node.Failing["fraud@2"] = "The bytes are not the admitted ones.";
        var failed = await _serving.PushAndDeployAsync("two");
        Assert.Equal("deployment.failed", failed.Code);
        Assert.Contains("The bytes are not the admitted ones.", failed.Body, StringComparison.Ordinal);
        Assert.Equal((1, "active failed"), await _serving.EndpointAsync());
        Assert.Equal(EventStatus.Failure, Assert.Single(_serving.Host.Events.Of("deployment.fail")).Status);
    }

    [Fact]
    public async Task Deploy_BlockedByAGate_MakesNoRevision()
    {
        await _serving.PushAndDeployAsync("one");
        Assert.Equal("endpoint.environment", (await _serving.DeployAsync("fraud@1", "production")).Code);
        var other = await _serving.Owner.PostAsync("/endpoints/strict/deployments", new { reference = "fraud@1", environment = "production" });
        Assert.Equal("admission.blocked", other.Code);
        Assert.Single((await _serving.Owner.GetAsync("/endpoints")).Json!["items"]!.AsArray());
        Assert.Equal("admission.blocked", Assert.Single(_serving.Host.Events.Of("deployment.refuse")).StatusCode);
    }

    [Fact]
    public async Task RollBack_GoesToTheLastEarlierRevisionThatHasServed()
    {
        await _serving.PushAndDeployAsync("one");
        await _serving.PushAndDeployAsync("two");
        _serving.Node.Failing["fraud@3"] = "No.";
        await _serving.PushAndDeployAsync("three");
        await _serving.PushAndDeployAsync("four");
        Assert.Equal(4, (await _serving.EndpointAsync()).Current);
        Assert.Equal("fraud@2", (await _serving.RollBackAsync()).Text("reference"));
        Assert.Equal((2, "draining active failed draining"), await _serving.EndpointAsync());
        Assert.Equal("fraud@1", (await _serving.RollBackAsync()).Text("reference"));
        Assert.Equal("rollback.none", (await _serving.RollBackAsync()).Code);
        Assert.Equal(1, (await _serving.EndpointAsync()).Current);
        Assert.Equal("endpoint.unknown", (await _serving.Owner.PostAsync("/endpoints/other/rollback")).Code);
    }

    [Fact]
    public async Task RollBack_ToWhatTheGatesNoLongerAdmit_IsRefused_AndChangesNothing()
    {
        await _serving.PushAndDeployAsync("one");
        await _serving.PushAndDeployAsync("two");
        Assert.True((await _serving.Owner.PutAsync("/policy", new { text = "version: 1\nenvironments: {development: {approval: off}}" })).IsSuccess);
        Assert.Equal("admission.blocked", (await _serving.RollBackAsync()).Code);
        Assert.Equal((2, "draining active"), await _serving.EndpointAsync());
    }

    [Fact]
    public async Task RollBack_ToAWorkerThatNoLongerStarts_LeavesTheCurrentRevision()
    {
        await _serving.PushAndDeployAsync("one");
        await _serving.PushAndDeployAsync("two");
        // Its drain is over and the node has stopped it.
        _serving.Execute("UPDATE serving_revisions SET State = 3 WHERE Number = 1");
        _serving.Node.Failing["fraud@1"] = "Gone.";
        await _serving.PushAndDeployAsync("three");
        await _serving.RollBackAsync();
        Assert.Equal(2, (await _serving.EndpointAsync()).Current);
        Assert.Equal("deployment.failed", (await _serving.RollBackAsync()).Code);
        Assert.Equal((2, "failed active draining"), await _serving.EndpointAsync());
    }

    [Fact]
    public async Task Settle_AfterARestart_EndsWhatNobodyWaitsFor()
    {
        await _serving.PushAndDeployAsync("one");
        await _serving.PushAndDeployAsync("two");
        _serving.Node.Failing["fraud@3"] = "No.";
        await _serving.PushAndDeployAsync("three");
        _serving.Execute("UPDATE serving_revisions SET State = 0 WHERE Number = 3");
        await ServingModule.SettleAsync(_serving.Host.Services, CancellationToken.None);
        // Gateways may still send calls to what drains; only its own timer retires it.
        Assert.Equal((2, "draining active failed"), await _serving.EndpointAsync());
    }

    [Fact]
    public async Task Deploy_CallerHangsUpWhileTheWorkerStarts_IsSeenThrough()
    {
        await _serving.PushAndDeployAsync("one");
        var pushed = await _serving.Owner.PushAsync("fraud", ("model.onnx", "two"));
        _serving.Node.Slow["fraud@2"] = true;
        using var hangUp = new CancellationTokenSource();
        using var content = ControlClient.Json(new { reference = pushed.Text("reference"), environment = "development" });
        var deploying = _serving.Owner.Http.PostAsync("/endpoints/fraud/deployments", content, hangUp.Token);
        await UntilAsync(() => Task.FromResult(_serving.Node.Seen.ContainsKey("fraud@2")));
        await hangUp.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => deploying);
        Assert.Equal((1, "active starting"), await _serving.EndpointAsync());
        _serving.Node.Slow.Clear();
        _serving.Host.Services.GetRequiredService<NodeDirectory>().Changed();
        await UntilAsync(async () => await _serving.EndpointAsync() == (2, "draining active"));
    }

    [Fact]
    public async Task Deploy_EventCannotBeRecordedWhileTheWorkerStarts_LeavesNothingStarting()
    {
        await _serving.PushAndDeployAsync("one");
        var pushed = await _serving.Owner.PushAsync("fraud", ("model.onnx", "two"));
        _serving.Node.Slow["fraud@2"] = true;
        var deploying = _serving.DeployAsync(pushed.Text("reference"));
        await UntilAsync(() => Task.FromResult(_serving.Node.Seen.ContainsKey("fraud@2")));
        _serving.Host.Events.Full = true;
        _serving.Node.Failing["fraud@2"] = "No.";
        _serving.Node.Slow.Clear();
        _serving.Host.Services.GetRequiredService<NodeDirectory>().Changed();
        Assert.False((await deploying).IsSuccess);
        _serving.Host.Events.Full = false;
        Assert.Equal((1, "active failed"), await _serving.EndpointAsync());
    }

    [Fact]
    public async Task Retire_DrainThatBeganLaterThanTheTimer_IsLeft()
    {
        await _serving.PushAndDeployAsync("one");
        await _serving.PushAndDeployAsync("two");
        Assert.Equal("fraud@1", (await _serving.RollBackAsync()).Text("reference"));
        Assert.True((await _serving.DeployAsync("fraud@2")).IsSuccess);
        // As if its second drain had begun later than any timer was set for: none of them ends it.
        await Task.Delay(RevisionSwitch.Drain - TimeSpan.FromSeconds(1));
        _serving.Execute("UPDATE serving_revisions SET DrainingSince = DrainingSince + 1 WHERE Number = 1");
        await Task.Delay(TimeSpan.FromSeconds(3));
        Assert.Equal((3, "draining retired active"), await _serving.EndpointAsync());
    }

    [Fact]
    public async Task Deploy_Devices_AreNamedInTheEvents()
    {
        await _serving.Owner.PushAsync("fraud", ("model.onnx", "one"));
        Assert.True((await _serving.Owner.PostAsync("/endpoints/fraud/deployments", new { reference = "fraud@1", environment = "development", devices = new[] { "/dev/nvidia0", "/dev/nvidiactl" } })).IsSuccess);
        Assert.All(["deployment.create", "deployment.activate"], (string operation) =>
            Assert.Contains(Assert.Single(_serving.Host.Events.Of(operation)).Attributes, a => a.Name == "devices" && a.Text == "/dev/nvidia0 /dev/nvidiactl"));
    }

    private static async Task UntilAsync(Func<Task<bool>> condition)
    {
        for (var i = 0; i < 500; i++)
        {
            if (await condition())
                return;
            await Task.Delay(20);
        }
        Assert.Fail("It did not come to that.");
    }

    [Theory]
    [InlineData("Manifest = zeroblob(32)")]
    [InlineData("VersionId = 'x'")]
    [InlineData("ContractJson = '{}'")]
    [InlineData("MainFile = 'other.onnx'")]
    [InlineData("RequiresFullIsolation = 0")]
    [InlineData("ResourcesJson = '{}'")]
    public async Task Revision_ContentChanged_IsRefusedByTheTables(string change)
    {
        await _serving.PushAndDeployAsync("one");
        Assert.Contains("immutable", Assert.Throws<SqliteException>(() => _serving.Execute($"UPDATE serving_revisions SET {change}")).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{\"reference\":\"fraud\",\"environment\":\"development\"}", "reference.invalid")]
    [InlineData("{\"reference\":\"fraud@1\",\"environment\":\"development\",\"memoryBytes\":1}", "resources.invalid")]
    [InlineData("{\"reference\":\"fraud@1\",\"environment\":\"development\",\"cpus\":0}", "resources.invalid")]
    [InlineData("{\"reference\":\"fraud@1\",\"environment\":\"development\",\"threads\":257}", "resources.invalid")]
    [InlineData("{\"reference\":\"fraud@1\",\"environment\":\"development\",\"devices\":[\"/etc/shadow\"]}", "resources.device")]
    [InlineData("{\"reference\":\"fraud@1\",\"environment\":\"development\",\"devices\":[\"/dev/../etc/shadow\"]}", "resources.device")]
    [InlineData("{\"reference\":\"fraud@9\",\"environment\":\"development\"}", "model.unknown")]
    [InlineData("{\"reference\":\"fraud@1\",\"environment\":\"nowhere\"}", "model.unknown")]
    public async Task Deploy_InvalidRequest_IsRefused(string body, string code)
    {
        using var content = new StringContent(body, System.Text.Encoding.UTF8, "application/json");
        Assert.Equal(code, (await _serving.Owner.PostAsync("/endpoints/fraud/deployments", content)).Code);
    }
}
