using Merlon.Kernel;
using Merlon.Serving.Contracts;

namespace Merlon.Serving.Tests.Nodes;

public sealed class KeyReleaseTests : IAsyncLifetime
{
    private readonly ServingFixture _serving = new();

    public Task InitializeAsync() => _serving.InitializeAsync();

    public Task DisposeAsync() => _serving.DisposeAsync();

    private WorkerAssignment Worker(string model) => _serving.Node.Seen[model];

    private async Task<string> KeysAsync(Guid? revision, Digest manifest) => (await _serving.Node.KeysAsync(revision, null, manifest)).Code;

    [Fact]
    public async Task Release_AssignedRevisionAndItsDigest_GivesTheKeysOfItsBlobs_AndIsRecordedFirst()
    {
        await _serving.PushAndDeployAsync("one");
        var worker = Worker("fraud@1");
        var answer = await _serving.Node.KeysAsync(worker.RevisionId, null, worker.Manifest);
        Assert.Equal(worker.Files.Select(f => f.BlobId.ToString()), answer.Json!["keys"]!.AsObject().Select(k => k.Key));
        Assert.All(answer.Json["keys"]!.AsObject(), k => Assert.Equal(32, Convert.FromBase64String(k.Value!.GetValue<string>()).Length));
        var told = Assert.Single(_serving.Host.Events.Of("key.release"));
        Assert.Equal((EventStatus.Success, worker.Manifest), (told.Status, told.Resource!.Digest!.Value));

        _serving.Host.Events.Full = true;
        Assert.False((await _serving.Node.KeysAsync(worker.RevisionId, null, worker.Manifest)).IsSuccess);
        _serving.Host.Events.Full = false;
    }

    [Fact]
    public async Task Release_NotAssignedOrOtherDigest_IsRefused_AndRecordedAsHigh()
    {
        await _serving.PushAndDeployAsync("one");
        var worker = Worker("fraud@1");
        Assert.Equal("key.refused", await KeysAsync(worker.RevisionId, Digest.Of("other"u8)));
        Assert.Equal("key.refused", await KeysAsync(Guid.CreateVersion7(), worker.Manifest));
        Assert.Equal("key.refused", await KeysAsync(null, worker.Manifest));
        Assert.Equal("key.refused", (await _serving.Node.KeysAsync(null, Guid.CreateVersion7(), worker.Manifest)).Code);
        foreach (var state in new[] { 3, 4 })
        {
            _serving.Execute($"UPDATE serving_revisions SET State = {state}");
            Assert.Equal("key.refused", await KeysAsync(worker.RevisionId, worker.Manifest));
        }
        Assert.Equal(6, _serving.Host.Events.Of("key.release").Count(e => e is { Status: EventStatus.Failure, Severity: EventSeverity.High, StatusCode: "key.refused" }));
    }

    [Fact]
    public async Task Release_ForAScan_IsOnlyWhileItIsPending()
    {
        var during = "";
        ScanAssignment? scan = null;
        _serving.Node.BeforeScan = async assignment =>
        {
            scan = assignment;
            during = (await _serving.Node.KeysAsync(null, assignment.ScanId, assignment.Manifest)).Code;
        };
        await _serving.PushAndDeployAsync("one");
        Assert.Equal("200", during);
        Assert.Equal("key.refused", (await _serving.Node.KeysAsync(null, scan!.ScanId, scan.Manifest)).Code);
    }

    [Fact]
    public async Task Release_ByAPerson_IsNotThere() =>
        Assert.Equal("route.unknown", (await _serving.Owner.PostAsync("/node/keys", new KeyRequest(Guid.Empty, null, default))).Code);
}
