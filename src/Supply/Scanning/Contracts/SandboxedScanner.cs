using Merlon.Kernel;
using Merlon.Sandbox.Contracts;
using Merlon.Scanning.Policy;
using Merlon.Scanning.Sandboxed;

namespace Merlon.Scanning.Contracts;

/// <summary>How scan workers are started.</summary>
public sealed record ScannerOptions
{
    /// <summary>Root folder with the scan worker, as made by <see cref="RootfsBuilder"/>.</summary>
    public required string RootFolder { get; init; }

    /// <summary>Program and arguments of the worker, as seen inside the root.</summary>
    public IReadOnlyList<string> Command { get; init; } = RootfsBuilder.Command("Merlon.ScanWorker.dll");

    /// <summary>User and group of scan workers: no other program's.</summary>
    public uint UserId { get; init; } = 64000;
    public uint GroupId { get; init; } = 64000;

    /// <summary>Longest time of one scan.</summary>
    public TimeSpan Deadline { get; init; } = TimeSpan.FromMinutes(2);

    public SandboxLimits Limits { get; init; } = new() { MemoryBytes = 1024 * 1024 * 1024, Processors = 1, Processes = 64 };

    /// <summary>Time for so many bytes: two minutes, and one second for each 10 MB.</summary>
    public static TimeSpan DeadlineFor(long bytes) => TimeSpan.FromMinutes(2) + TimeSpan.FromSeconds(bytes / 10e6);
}

/// <summary>Scans in a sandbox of its own, made for one artifact and thrown away. A crash, a hang or a memory bomb is a finding that blocks.</summary>
public sealed class SandboxedScanner(ISandboxLauncher launcher, ScannerOptions options, TimeProvider time) : IScanner
{
    private const string NotStarted = "scan.not-started";

    public async Task<ScanReport> ScanAsync(ScanRequest request, IArtifactReader artifact, CancellationToken cancellationToken)
    {
        var files = request.Files.Select(file => new ContentFile(file.Path, file.Size)).ToArray();
        var (report, isolation, problem) = await RunAsync(files, artifact, (session, token) => session.RunAsync(request, token), cancellationToken).ConfigureAwait(false);
        if (report is null)
            return new ScanReport { Findings = [problem!] };
        // Out here, since the worker may have been taken over by what it parsed.
        var judged = request.Policy is { } policy ? PolicyRules.Apply(policy, report.Findings, [.. files.Select(file => file.Path)]) : report.Findings;
        return report with { Findings = judged, Facts = report.Facts.SetItem("isolation", isolation!).SetItem("rules", ScanPolicy.RulesOf(request.Policy).ToString()) };
    }

    /// <summary>Looks into one file by itself. Never throws for what the file holds: a crash, a hang or a memory bomb is a finding that blocks.</summary>
    /// <exception cref="SandboxException">No sandbox could be started: nothing is known of the file.</exception>
    public async Task<ContentScanReport> ScanAsync(ContentScanRequest request, IArtifactReader artifact, CancellationToken cancellationToken)
    {
        var (report, isolation, problem) = await RunAsync(request.Files, artifact, (session, token) => session.RunAsync(request, token), cancellationToken).ConfigureAwait(false);
        if (problem?.Rule == NotStarted)
            throw new SandboxException(problem.Message);
        var told = (report ?? new ContentScanReport { Path = request.Target, Format = "unknown", Findings = [problem!] }) with { Isolation = isolation! };
        return request.Policy?.Apply(told) ?? told;
    }

    private async Task<(T? Report, string? Isolation, Finding? Problem)> RunAsync<T>(
        IReadOnlyList<ContentFile> files, IArtifactReader artifact, Func<ScanSession, CancellationToken, Task<T>> run, CancellationToken cancellationToken)
        where T : class
    {
        using var sockets = SocketPair.Create();
        SandboxHandle handle;
        try
        {
            handle = await StartAsync(sockets, cancellationToken).ConfigureAwait(false);
        }
        catch (SandboxException e)
        {
            return (null, null, Blocked(NotStarted, e.Message));
        }
        await using (handle.ConfigureAwait(false))
        {
            sockets.Theirs.Dispose();
            using var session = new ScanSession(sockets.Ours, files, artifact);
            var (report, problem) = await WatchAsync(session, run, handle, cancellationToken).ConfigureAwait(false);
            return (report, handle.Isolation.ToString(), problem);
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
            Command = [.. options.Command],
            Environment = WorkerLaunch.BaseEnvironment(options.Limits),
            UserId = options.UserId,
            GroupId = options.GroupId,
            Limits = options.Limits,
            Handles = [nothing, sockets.Theirs],
        }, cancellationToken).ConfigureAwait(false);
    }

    private async Task<(T? Report, Finding? Problem)> WatchAsync<T>(
        ScanSession session, Func<ScanSession, CancellationToken, Task<T>> run, SandboxHandle handle, CancellationToken cancellationToken)
        where T : class
    {
        using var deadline = new CancellationTokenSource(options.Deadline, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, deadline.Token);
        try
        {
            return (await run(session, both.Token).ConfigureAwait(false), null);
        }
        catch (OperationCanceledException) when (deadline.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            return (null, Blocked("scan.deadline", $"The scan took longer than {options.Deadline.TotalSeconds:0} s."));
        }
        catch (ScanViolationException e)
        {
            return (null, Blocked("scan.worker-misbehaved", e.Message));
        }
        catch (InvalidDataException e)
        {
            // The sealed artifact did not authenticate: not the worker's doing.
            return (null, Blocked("artifact.unreadable", e.Message));
        }
        catch (Exception e) when (e is EndOfStreamException or System.Net.Sockets.SocketException)
        {
            var exit = await handle.Exited.WaitAsync(options.Deadline, time, cancellationToken).ConfigureAwait(false);
            // The runtime keeps its own bound below the kernel's and says these words when it is reached.
            var outOfMemory = exit.Reason == SandboxExitReason.OutOfMemory || exit.ErrorOutput.Contains("Out of memory", StringComparison.OrdinalIgnoreCase);
            return (null, outOfMemory
                ? Blocked("scan.memory", $"The scan needed more than {options.Limits.MemoryBytes} bytes of memory.")
                : Blocked("scan.crashed", $"The scan ended without a report (code {exit.ExitCode}): {exit.ErrorOutput}"));
        }
    }

    private static Finding Blocked(string rule, string message) => new(rule, Verdict.Block, message, null, "A file that cannot be scanned to the end is not clean.");
}
