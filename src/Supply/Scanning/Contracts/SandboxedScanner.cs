using Merlon.Kernel;
using Merlon.Sandbox.Contracts;
using Merlon.Scanning.Sandboxed;

namespace Merlon.Scanning.Contracts;

/// <summary>How scan workers are started.</summary>
public sealed record ScannerOptions
{
    /// <summary>Root folder with the scan worker, as made by <see cref="RootfsBuilder"/>.</summary>
    public required string RootFolder { get; init; }

    /// <summary>User and group of scan workers: no other program's.</summary>
    public uint UserId { get; init; } = 64000;
    public uint GroupId { get; init; } = 64000;

    /// <summary>Longest time of one scan.</summary>
    public TimeSpan Deadline { get; init; } = TimeSpan.FromMinutes(2);

    public SandboxLimits Limits { get; init; } = new() { MemoryBytes = 256 * 1024 * 1024, Processors = 1, Processes = 64 };
}

/// <summary>Scans in a sandbox of its own, made for one artifact and thrown away. A crash, a hang or a memory bomb is a finding that blocks.</summary>
public sealed class SandboxedScanner(ISandboxLauncher launcher, ScannerOptions options, TimeProvider time) : IScanner
{
    public async Task<ScanReport> ScanAsync(ScanRequest request, IArtifactReader artifact, CancellationToken cancellationToken)
    {
        using var sockets = SocketPair.Create();
        SandboxHandle handle;
        try
        {
            handle = await StartAsync(sockets, cancellationToken).ConfigureAwait(false);
        }
        catch (SandboxException e)
        {
            return Blocked("scan.not-started", e.Message);
        }
        await using (handle.ConfigureAwait(false))
        {
            sockets.Theirs.Dispose();
            return await ScanAsync(request, artifact, sockets, handle, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task<SandboxHandle> StartAsync(SocketPair sockets, CancellationToken cancellationToken)
    {
        // A scan worker gets no artifact; its handle 3 is there so that the socket has the same number in every worker.
        using var nothing = File.OpenHandle("/dev/null");
        return await launcher.StartAsync(new SandboxSpec
        {
            Name = "scan-" + Guid.CreateVersion7().ToString("N"),
            RootFolder = options.RootFolder,
            Command = [.. RootfsBuilder.Command("Merlon.ScanWorker.dll")],
            Environment = WorkerLaunch.BaseEnvironment(options.Limits),
            UserId = options.UserId,
            GroupId = options.GroupId,
            Limits = options.Limits,
            Handles = [nothing, sockets.Theirs],
        }, cancellationToken).ConfigureAwait(false);
    }

    private async Task<ScanReport> ScanAsync(ScanRequest request, IArtifactReader artifact, SocketPair sockets, SandboxHandle handle, CancellationToken cancellationToken)
    {
        using var deadline = new CancellationTokenSource(options.Deadline, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, deadline.Token);
        using var session = new ScanSession(sockets.Ours, request, artifact);
        try
        {
            var report = await session.RunAsync(both.Token).ConfigureAwait(false);
            return report with { Facts = report.Facts.SetItem("isolation", handle.Isolation.ToString()) };
        }
        catch (OperationCanceledException) when (deadline.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            return Blocked("scan.deadline", $"The scan took longer than {options.Deadline.TotalSeconds:0} s.");
        }
        catch (ScanViolationException e)
        {
            return Blocked("scan.worker-misbehaved", e.Message);
        }
        catch (InvalidDataException e)
        {
            // The sealed artifact did not authenticate: not the worker's doing.
            return Blocked("artifact.unreadable", e.Message);
        }
        catch (Exception e) when (e is EndOfStreamException or System.Net.Sockets.SocketException)
        {
            var exit = await handle.Exited.WaitAsync(options.Deadline, time, cancellationToken).ConfigureAwait(false);
            return exit.Reason == SandboxExitReason.OutOfMemory
                ? Blocked("scan.memory", $"The scan needed more than {options.Limits.MemoryBytes} bytes of memory.")
                : Blocked("scan.crashed", $"The scan ended without a report (code {exit.ExitCode}): {exit.ErrorOutput}");
        }
    }

    private static ScanReport Blocked(string rule, string message) => new()
    {
        Findings = [new Finding(rule, Verdict.Block, message, null, "A file that cannot be scanned to the end is not clean.")],
    };
}
