using Merlon.ControlHost;
using Merlon.Kernel;
using Merlon.Serving.Contracts;
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
        Assert.Single((await _serving.Owner.GetAsync("/endpoints")).Json!.AsArray());
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
