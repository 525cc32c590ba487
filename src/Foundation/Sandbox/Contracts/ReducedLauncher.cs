using System.Globalization;
using Merlon.Sandbox.Isolation;

namespace Merlon.Sandbox.Contracts;

/// <summary>
/// Starts programs as plain child processes with resource limits, where no sandbox can be had. Nothing hides the host from them: the report says so,
/// and no server uses it.
/// </summary>
public sealed class ReducedLauncher : ISandboxLauncher
{
    private const string Limiter = "/usr/bin/prlimit";

    /// <summary>What the .NET runtime itself makes writable.</summary>
    private const long RuntimeBytes = 256L * 1024 * 1024;

    private static readonly TimeSpan s_processorTime = TimeSpan.FromMinutes(30);

    public string Kind => "none";

    public async Task<SandboxHandle> StartAsync(SandboxSpec spec, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var limited = File.Exists(Limiter);
        var process = await SupervisedProcess.StartAsync(limited ? Limiter : spec.Command[0], limited ? [.. Limits(spec.Limits), .. spec.Command] : [.. spec.Command[1..]],
            spec.Environment, spec.Handles).ConfigureAwait(false);
        var report = new IsolationReport([new IsolationProperty("sandbox", false, "a child process"), new IsolationProperty("resource-limits", limited, limited ? "prlimit" : "none")]);
        return new SandboxHandle(spec.Name, process.ProcessId, report, process, () => Kill(process.ProcessId), (code, killed) =>
            Task.FromResult(new SandboxExit(StartedProgram.Reason(code, killed, outOfMemory: false), code, process.ErrorOutput)));
    }

    /// <summary>Nothing is left behind by a child that died with its limits.</summary>
    public Task SweepAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    // The data segment counts what was made writable, not what the runtime has merely reserved.
    private static IEnumerable<string> Limits(SandboxLimits limits) =>
    [
        string.Create(CultureInfo.InvariantCulture, $"--data={limits.MemoryBytes + RuntimeBytes}"),
        string.Create(CultureInfo.InvariantCulture, $"--cpu={(long)s_processorTime.TotalSeconds}"),
        string.Create(CultureInfo.InvariantCulture, $"--nofile={limits.OpenFiles}"),
        "--core=0",
        "--fsize=0",
        "--",
    ];

    private static Task Kill(int pid)
    {
        Posix.Kill(pid, Posix.SigKill);
        return Task.CompletedTask;
    }
}
