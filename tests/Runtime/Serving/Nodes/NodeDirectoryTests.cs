using Merlon.Kernel;
using Merlon.Serving.Contracts;
using Merlon.Serving.Nodes;

namespace Merlon.Serving.Tests.Nodes;

public sealed class NodeDirectoryTests
{
    private static readonly TimeSpan s_long = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan s_short = TimeSpan.FromMilliseconds(50);
    private readonly NodeDirectory _nodes = new(TimeProvider.System);

    private static NodeStatus Status(Guid revision, WorkerState state) => new([new WorkerStatus { RevisionId = revision, State = state }]);

    [Fact]
    public async Task WaitForChange_OlderVersion_ReturnsAtOnce_CurrentOne_WakesOnAChange()
    {
        await _nodes.WaitForChangeAsync(_nodes.Version - 1, s_long, CancellationToken.None).WaitAsync(TimeSpan.FromSeconds(5));
        var waiting = _nodes.WaitForChangeAsync(_nodes.Version, s_long, CancellationToken.None);
        await Task.Delay(s_short);
        Assert.False(waiting.IsCompleted);
        _nodes.Changed();
        await waiting.WaitAsync(TimeSpan.FromSeconds(5));
    }

    [Fact]
    public async Task WaitForChange_NothingChanges_EndsWithItsPatience() =>
        await _nodes.WaitForChangeAsync(_nodes.Version, s_short, CancellationToken.None).WaitAsync(TimeSpan.FromSeconds(5));

    [Fact]
    public async Task Version_OfALaterRun_IsAboveEveryEarlierOne()
    {
        for (var i = 0; i < 100; i++)
            _nodes.Changed();
        await Task.Delay(2);
        Assert.True(new NodeDirectory(TimeProvider.System).Version > _nodes.Version);
    }

    [Theory]
    [InlineData(WorkerState.Healthy)]
    [InlineData(WorkerState.Failed)]
    public async Task WaitForWorker_WakesWhenItIsSettled_AndNotBefore(WorkerState settled)
    {
        var revision = Guid.CreateVersion7();
        var waiting = _nodes.WaitForWorkerAsync(revision, s_long, CancellationToken.None);
        _nodes.Report(Status(Guid.CreateVersion7(), settled));
        _nodes.Report(Status(revision, WorkerState.Starting));
        _nodes.Report(Status(revision, WorkerState.Restarting));
        await Task.Delay(s_short);
        Assert.False(waiting.IsCompleted);
        _nodes.Report(Status(revision, settled));
        Assert.Equal(settled, (await waiting.WaitAsync(TimeSpan.FromSeconds(5)))!.State);
    }

    [Fact]
    public async Task WaitForWorker_NeverSettled_IsNull_Cancelled_Throws()
    {
        Assert.Null(await _nodes.WaitForWorkerAsync(Guid.CreateVersion7(), s_short, CancellationToken.None));
        using var cancelled = new CancellationTokenSource(s_short);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _nodes.WaitForWorkerAsync(Guid.CreateVersion7(), s_long, cancelled.Token));
    }

    [Fact]
    public void Report_WorkerThatIsGone_IsForgotten()
    {
        var revision = Guid.CreateVersion7();
        _nodes.Report(Status(revision, WorkerState.Healthy));
        Assert.NotNull(_nodes.StatusOf(revision));
        _nodes.Report(new NodeStatus([]));
        Assert.Null(_nodes.StatusOf(revision));
        Assert.NotNull(_nodes.LastSeen);
    }

    [Fact]
    public async Task Scan_Answered_Returns_Unanswered_SaysSo_AndIsNoLongerAssigned()
    {
        var scan = new ScanAssignment(Guid.CreateVersion7(), Guid.CreateVersion7(), Digest.Of("a"u8), []);
        var waiting = _nodes.ScanAsync(scan, s_long, CancellationToken.None);
        Assert.Equal(scan, Assert.Single(_nodes.Scans));
        _nodes.Answer(new ScanAnswer(Guid.CreateVersion7(), null, "of another scan"));
        _nodes.Answer(new ScanAnswer(scan.ScanId, null, "mine"));
        Assert.Equal("mine", (await waiting.WaitAsync(TimeSpan.FromSeconds(5))).Problem);
        Assert.Empty(_nodes.Scans);
        var late = await _nodes.ScanAsync(scan, s_short, CancellationToken.None);
        Assert.Null(late.Report);
        Assert.NotNull(late.Problem);
        Assert.Null(_nodes.PendingScanOf(scan.ScanId));
    }
}
