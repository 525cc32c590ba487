using Merlon.Sandbox.Contracts;

namespace Merlon.Sandbox.Isolation;

/// <summary>What both launchers share: waiting until the program itself runs, and naming why it ended.</summary>
internal static class StartedProgram
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan s_interval = TimeSpan.FromMilliseconds(1);

    /// <summary>Waits until the launcher has named the process and the filter is on it: what is inspected earlier is the launcher.</summary>
    /// <exception cref="SandboxException">The launcher ended or took too long.</exception>
    public static async Task<(int ProcessId, IsolationReport Report)> WaitAsync(
        SupervisedProcess process, SandboxSpec spec, Func<int?> readPid, TimeProvider time, CancellationToken cancellationToken)
    {
        var start = time.GetTimestamp();
        while (true)
        {
            if (process.Exited.IsCompleted)
                throw new SandboxException($"The sandbox did not start: {process.ErrorOutput}");
            if (readPid() is { } pid && TryInspect(pid, spec) is { } report)
                return (pid, report);
            if (time.GetElapsedTime(start) > s_patience)
            {
                Posix.Kill(process.ProcessId, Posix.SigKill);
                throw new SandboxException($"The sandbox did not start within {s_patience.TotalSeconds} s: {process.ErrorOutput}");
            }
            await Task.Delay(s_interval, time, cancellationToken).ConfigureAwait(false);
        }
    }

    public static SandboxExitReason Reason(int code, bool killed, bool outOfMemory) =>
        outOfMemory ? SandboxExitReason.OutOfMemory
        : killed ? SandboxExitReason.Killed
        : code == 0 ? SandboxExitReason.Ended
        : SandboxExitReason.Crashed;

    /// <summary>
    /// True while the launcher's own program runs under this id. Both launchers set the filter before they execute the program, so a program that
    /// cannot be executed would count as started for a moment.
    /// </summary>
    private static bool IsLauncher(int pid)
    {
        var program = Path.GetFileName(new FileInfo($"/proc/{pid}/exe").LinkTarget);
        return string.IsNullOrEmpty(program) || program.StartsWith("bwrap", StringComparison.Ordinal) || program.StartsWith("runc", StringComparison.Ordinal)
            || program.StartsWith("memfd:runc", StringComparison.Ordinal) || program.StartsWith("exe (deleted)", StringComparison.Ordinal);
    }

    private static IsolationReport? TryInspect(int pid, SandboxSpec spec)
    {
        try
        {
            return IsolationInspector.ReadStatus(pid).GetValueOrDefault("Seccomp") == "2" && !IsLauncher(pid) ? IsolationInspector.Inspect(pid, spec) : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // It has ended already, or the kernel does not show it yet: what was not looked at does not count as isolated, and the launcher's exit says
            // the rest.
            return null;
        }
    }
}
