using System.Diagnostics;
using Merlon.Kernel;
using Merlon.Sandbox.Contracts;
using Merlon.Serving.Contracts;
using Microsoft.Extensions.Logging;

namespace Merlon.Serving.Node;

/// <summary>
/// Keeps one revision's worker running: seals the model into memory once, starts the sandbox, waits for its first word, watches its pulse, and replaces
/// it when it crashes, hangs or is over its memory.
/// </summary>
internal sealed partial class WorkerRunner(
    WorkerAssignment assignment, NodeOptions options, ControlLink control, ISandboxLauncher launcher, string rootFolder, UserPool users, NodeEvents events,
    Action changed, ILogger log) : IAsyncDisposable
{
    private static readonly TimeSpan s_startPatience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan s_longestPause = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan s_stopPatience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan s_settled = TimeSpan.FromSeconds(30);

    private readonly CancellationTokenSource _stopping = new();
    private Task _running = Task.CompletedTask;
    private volatile WorkerStatus _status = new() { RevisionId = assignment.RevisionId, State = WorkerState.Starting };

    public WorkerStatus Status => _status;

    /// <param name="after">An earlier runner of the same revision that is still stopping: both would use the same socket.</param>
    public void Start(Task after) => _running = Task.Run(() => RunAsync(after, _stopping.Token));

    private async Task RunAsync(Task after, CancellationToken cancellationToken)
    {
        try
        {
            await after.WaitAsync(cancellationToken);
            await KeepRunningAsync(cancellationToken);
        }
        catch (Exception) when (cancellationToken.IsCancellationRequested)
        {
            // Stopped on purpose; what the interrupted step says of it no longer matters.
        }
        catch (Exception e)
        {
            Log.Failed(log, assignment.RevisionId, e.Message);
            Set(_status with { State = WorkerState.Failed, Problem = e.Message });
            await events.WorkerAsync(assignment, "worker.refuse", EventStatus.Failure, e.Message);
        }
    }

    /// <summary>Replaces the worker until it is stopped or a try shows that no other one can succeed.</summary>
    private async Task KeepRunningAsync(CancellationToken cancellationToken)
    {
        MemoryFile? memory = null;
        WorkerSocket? socket = null;
        try
        {
            var pause = TimeSpan.Zero;
            while (true)
            {
                var began = Stopwatch.GetTimestamp();
                try
                {
                    memory ??= await FillMemoryAsync(cancellationToken);
                    socket ??= Listen();
                    if (!await RunOnceAsync(memory, socket, cancellationToken))
                        return;
                }
                catch (Exception e) when (!cancellationToken.IsCancellationRequested && !WorkerExit.IsFinal(e))
                {
                    await NotStartedAsync(e.Message);
                }
                pause = Stopwatch.GetElapsedTime(began) > s_settled || pause == TimeSpan.Zero
                    ? TimeSpan.FromMilliseconds(20)
                    : TimeSpan.FromTicks(Math.Min(pause.Ticks * 4, s_longestPause.Ticks));
                await Task.Delay(pause, cancellationToken);
            }
        }
        finally
        {
            memory?.Dispose();
            socket?.Dispose();
        }
    }

    /// <summary>Keys are asked for, used and forgotten; what stays is the sealed memory file that every start of this revision loads.</summary>
    private async Task<MemoryFile> FillMemoryAsync(CancellationToken cancellationToken)
    {
        var release = await control.KeysAsync(new KeyRequest(assignment.RevisionId, null, assignment.Manifest), cancellationToken);
        using var artifact = new SealedArtifact(options.BlobDirectory, assignment.Files, release.Keys);
        return await MemoryFile.CreateAsync(artifact.Files, artifact, cancellationToken);
    }

    private WorkerSocket Listen()
    {
        var socket = WorkerSocket.Listen(options.SocketDirectory, assignment.RevisionId, options.GatewayGroup);
        Set(_status with { SocketPath = socket.Path });
        return socket;
    }

    /// <summary>One life of the worker. False: it must not be tried again.</summary>
    private async Task<bool> RunOnceAsync(MemoryFile memory, WorkerSocket socket, CancellationToken cancellationToken)
    {
        var began = Stopwatch.GetTimestamp();
        var user = users.Take();
        try
        {
            await using var sandbox = await launcher.StartAsync(Spec(memory, socket, user), cancellationToken);
            if (assignment.RequiresFullIsolation && !sandbox.Isolation.IsFull)
                return await RefuseAsync($"The worker's isolation is reduced (missing: {string.Join(", ", sandbox.Isolation.Missing)}), and this environment requires it in full.", sandbox);
            using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            var first = ConnectAsync(socket.Path, stop.Token);
            if (await Task.WhenAny(first, sandbox.Exited) == first && await first is { } client)
            {
                await using (client)
                {
                    var elapsed = Stopwatch.GetElapsedTime(began);
                    await HealthyAsync(sandbox, elapsed);
                    await WorkerPulseWatch.UntilSilentAsync(client, sandbox, cancellationToken);
                }
            }
            await stop.CancelAsync();
            return await EndedAsync(sandbox);
        }
        finally
        {
            users.Return(user);
        }
    }

    private SandboxSpec Spec(MemoryFile memory, WorkerSocket socket, int user)
    {
        var resources = NodeLimits.Bound(assignment.Resources);
        var limits = new SandboxLimits
        {
            MemoryBytes = resources.MemoryBytes + memory.Length,
            Processors = resources.Cpus,
            Processes = resources.Processes,
        };
        var launch = new WorkerLaunch
        {
            Files = [.. assignment.Files.Select(f => new ArtifactFile(f.Path, f.Size, f.Sha256))],
            Manifest = assignment.Manifest,
            MainFile = assignment.MainFile,
            IntraOpThreads = resources.Threads,
            Concurrency = Math.Max(1, (int)Math.Ceiling(resources.Cpus)),
        };
        return new SandboxSpec
        {
            Name = "model-" + Guid.CreateVersion7().ToString("n")[^12..],
            RootFolder = rootFolder,
            Command = [.. RootfsBuilder.Command("Merlon.ModelWorker.dll")],
            Environment = launch.ToEnvironment(limits),
            UserId = (uint)user,
            GroupId = (uint)user,
            Limits = limits,
            Handles = [memory.Handle, socket.Listener.SafeHandle],
            Devices = [.. resources.Devices],
        };
    }

    /// <summary>The first word of the worker tells that it hashed and loaded exactly this manifest.</summary>
    private async Task<WorkerClient?> ConnectAsync(string path, CancellationToken cancellationToken)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(s_startPatience);
        try
        {
            return await WorkerClient.ConnectAsync(path, assignment.Manifest, patience.Token);
        }
        catch (Exception e) when (e is OperationCanceledException or WorkerUnavailableException or WorkerProtocolException { IsOtherArtifact: false })
        {
            return null;
        }
    }

    private async Task HealthyAsync(SandboxHandle sandbox, TimeSpan elapsed)
    {
        Log.Healthy(log, assignment.Endpoint, assignment.Model, launcher.Kind, elapsed.TotalMilliseconds);
        Set(_status with
        {
            State = WorkerState.Healthy,
            Problem = null,
            Isolation = sandbox.Isolation.IsFull ? "full" : "reduced",
            MissingIsolation = [.. sandbox.Isolation.Missing],
            Sandbox = launcher.Kind,
            ProcessId = sandbox.ProcessId,
            StartMilliseconds = elapsed.TotalMilliseconds,
        });
        await events.WorkerAsync(assignment, "worker.start", EventStatus.Success, $"Worker of '{assignment.Endpoint}' answers; isolation is {sandbox.Isolation}.");
    }

    private async Task<bool> RefuseAsync(string problem, SandboxHandle sandbox)
    {
        await sandbox.KillAsync();
        Set(_status with { State = WorkerState.Failed, Isolation = "reduced", MissingIsolation = [.. sandbox.Isolation.Missing], Problem = problem });
        await events.WorkerAsync(assignment, "worker.refuse", EventStatus.Failure, problem);
        return false;
    }

    private async Task<bool> EndedAsync(SandboxHandle sandbox)
    {
        var exit = await sandbox.KillAsync();
        var problem = WorkerExit.Describe(exit);
        var final = WorkerExit.IsFinal(exit);
        Log.Ended(log, assignment.Endpoint, problem);
        Set(_status with
        {
            State = final ? WorkerState.Failed : WorkerState.Restarting,
            Restarts = _status.Restarts + 1,
            Problem = problem,
        });
        await events.WorkerAsync(assignment, "worker.stop", EventStatus.Failure, problem);
        return !final;
    }

    /// <summary>The try failed on something that may pass: control away, no place on the machine, a full disk.</summary>
    private async Task NotStartedAsync(string problem)
    {
        Log.Ended(log, assignment.Endpoint, problem);
        var isNews = _status.State != WorkerState.Restarting || !string.Equals(_status.Problem, problem, StringComparison.Ordinal);
        Set(_status with { State = WorkerState.Restarting, Restarts = _status.Restarts + 1, Problem = problem });
        // The same reason again and again is told once.
        if (isNews)
            await events.WorkerAsync(assignment, "worker.stop", EventStatus.Failure, problem);
    }

    private void Set(WorkerStatus status)
    {
        _status = status;
        changed();
    }

    /// <summary>Stops the worker. Never throws, and waits only so long for a sandbox that does not end.</summary>
    public async ValueTask DisposeAsync()
    {
        try
        {
            await _stopping.CancelAsync();
            await _running.WaitAsync(s_stopPatience);
            _stopping.Dispose();
        }
        catch (Exception e)
        {
            Log.NotStopped(log, assignment.Endpoint, e.Message);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information, Message = "Worker of {Endpoint} ({Model}) answers from {Sandbox} after {Milliseconds:0} ms.")]
        public static partial void Healthy(ILogger logger, string endpoint, string model, string sandbox, double milliseconds);

        [LoggerMessage(Level = LogLevel.Warning, Message = "Worker of {Endpoint} ended: {Problem}")]
        public static partial void Ended(ILogger logger, string endpoint, string problem);

        [LoggerMessage(Level = LogLevel.Error, Message = "Worker of {Endpoint} could not be stopped: {Problem}")]
        public static partial void NotStopped(ILogger logger, string endpoint, string problem);

        [LoggerMessage(Level = LogLevel.Error, Message = "Revision {RevisionId} cannot be served: {Problem}")]
        public static partial void Failed(ILogger logger, Guid revisionId, string problem);
    }
}
