using Merlon.ControlHost;
using Merlon.Kernel;
using Merlon.Sandbox.Contracts;
using Merlon.Serving.Contracts;
using Merlon.Serving.Node;
using Microsoft.Extensions.Logging.Abstractions;

namespace Merlon.Serving.Tests.Node;

/// <summary>The runner against a real control with really sealed files; only the sandbox does not start.</summary>
public sealed class WorkerRunnerTests : IAsyncLifetime
{
    private readonly ServingFixture _serving = new();
    private readonly RefusingLauncher _launcher = new();
    private readonly RecordedEvents _events = new();
    private readonly string _sockets = Directory.CreateTempSubdirectory("merlon-s-").FullName;
    private NodeOptions _options = null!;
    private ControlLink _control = null!;

    public async Task InitializeAsync()
    {
        await _serving.InitializeAsync();
        await _serving.PushAndDeployAsync("one");
        _options = new NodeOptions
        {
            ControlSocket = _serving.Host.Directory + ".sock",
            RoleToken = ControlHost.ControlHost.NodeToken,
            BlobDirectory = Path.Combine(_serving.Host.Directory, "blobs"),
            SocketDirectory = _sockets,
            ModelWorkerDirectory = "",
            ScanWorkerDirectory = "",
            FirstWorkerUser = 1000,
            LastWorkerUser = 1000,
            ScannerUser = 1001,
        };
        _control = new ControlLink(_options);
    }

    public async Task DisposeAsync()
    {
        _control.Dispose();
        await _serving.DisposeAsync();
        Directory.Delete(_sockets, recursive: true);
    }

    private WorkerAssignment Assigned => _serving.Node.Seen["fraud@1"];

    private WorkerRunner Runner(WorkerAssignment assignment)
    {
        var events = new NodeEvents(_events, TimeProvider.System, NullLogger<NodeEvents>.Instance);
        var runner = new WorkerRunner(assignment, _options, _control, _launcher, "/", new UserPool(1000, 1000), events, () => { }, NullLogger.Instance);
        runner.Start(after: Task.CompletedTask);
        return runner;
    }

    private static async Task UntilAsync(Func<bool> condition)
    {
        for (var i = 0; i < 1000 && !condition(); i++)
            await Task.Delay(10);
        Assert.True(condition());
    }

    [Fact]
    public async Task Start_SandboxDoesNotStart_IsTriedAgain_EvenWhenNothingCanBeRecorded()
    {
        _events.Full = true;
        var runner = Runner(Assigned);
        await UntilAsync(() => _launcher.Tries >= 3 && runner.Status.Restarts >= 3);
        Assert.Equal((WorkerState.Restarting, "No place."), (runner.Status.State, runner.Status.Problem));
        await runner.DisposeAsync();
    }

    [Fact]
    public async Task Start_SameProblemAgain_IsToldOnce()
    {
        var runner = Runner(Assigned);
        await UntilAsync(() => runner.Status.Restarts >= 3);
        Assert.Single(_events.Of("worker.stop"));
        await runner.DisposeAsync();
    }

    [Fact]
    public async Task Start_KeysRefused_IsFinal()
    {
        var runner = Runner(Assigned with { Manifest = Digest.Of("other"u8) });
        await UntilAsync(() => runner.Status.State == WorkerState.Failed);
        Assert.Equal(0, _launcher.Tries);
        Assert.Single(_events.Of("worker.refuse"));
        await runner.DisposeAsync();
    }

    [Fact]
    public async Task Start_BytesChanged_IsFinal()
    {
        var blob = Path.Combine(_options.BlobDirectory, Assigned.Files[0].BlobPath);
        File.SetUnixFileMode(blob, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        var bytes = await File.ReadAllBytesAsync(blob);
        bytes[^1] ^= 1;
        await File.WriteAllBytesAsync(blob, bytes);
        var runner = Runner(Assigned);
        await UntilAsync(() => runner.Status.State == WorkerState.Failed);
        Assert.Equal(0, _launcher.Tries);
        await runner.DisposeAsync();
    }

    [Fact]
    public async Task Start_OtherDevice_IsFinal()
    {
        var runner = Runner(Assigned with { Resources = Assigned.Resources with { Devices = ["/dev/mem"] } });
        await UntilAsync(() => runner.Status.State == WorkerState.Failed);
        Assert.Contains("/dev/mem", runner.Status.Problem, StringComparison.Ordinal);
        Assert.Equal(0, _launcher.Tries);
        await runner.DisposeAsync();
    }

    private sealed class RefusingLauncher : ISandboxLauncher
    {
        private int _tries;

        public int Tries => Volatile.Read(ref _tries);
        public string Kind => "none";

        public Task<SandboxHandle> StartAsync(SandboxSpec spec, CancellationToken cancellationToken)
        {
            Interlocked.Increment(ref _tries);
            throw new SandboxException("No place.");
        }

        public Task SweepAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
