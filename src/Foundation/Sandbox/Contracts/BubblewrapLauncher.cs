using System.Runtime.InteropServices;
using System.Text.Json;
using Merlon.Kernel;
using Merlon.Sandbox.Isolation;
using Merlon.Sandbox.Isolation.Bubblewrap;
using Merlon.Sandbox.Isolation.Cgroups;
using Merlon.Sandbox.Isolation.Seccomp;

namespace Merlon.Sandbox.Contracts;

/// <summary>
/// Starts sandboxes with bubblewrap, for machines where no container runtime may run. Limits need a cgroup hierarchy that this process may write;
/// without one the report says what is missing. A sandbox dies with this process.
/// </summary>
/// <param name="runFolder">Not used for state (bubblewrap keeps none); the same as for runc, so that a launcher can be chosen by configuration.</param>
/// <param name="prefix">Begins the name of every cgroup of this launcher.</param>
public sealed class BubblewrapLauncher(string runFolder, string prefix, TimeProvider time) : ISandboxLauncher
{
    private const string Program = "/usr/bin/bwrap";
    private const string SetPriv = "/usr/bin/setpriv";
    private const int InfoBound = 4096;

    public string Kind => "bubblewrap";

    /// <summary>True when bubblewrap is installed.</summary>
    public static bool IsAvailable => File.Exists(Program);

    /// <summary>Folder given at creation.</summary>
    public string RunFolder { get; } = runFolder;

    public async Task<SandboxHandle> StartAsync(SandboxSpec spec, CancellationToken cancellationToken)
    {
        if (!Names.IsValid(spec.Name))
            throw new ArgumentException("Not a valid sandbox name.", nameof(spec));
        var cgroup = OwnCgroup.Create($"{prefix}-{spec.Name}", spec.Limits);
        try
        {
            return await StartAsync(spec, cgroup, cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            await cgroup.RemoveAsync(time).ConfigureAwait(false);
            throw;
        }
    }

    public Task SweepAsync(CancellationToken cancellationToken) => OwnCgroup.SweepAsync(prefix, time);

    private async Task<SandboxHandle> StartAsync(SandboxSpec spec, OwnCgroup cgroup, CancellationToken cancellationToken)
    {
        using var profile = Pipe.Holding(BpfProgram.AllowOnly(SyscallRule.Load()).ToArray());
        using var info = Pipe.Create();
        using var block = Pipe.Create();
        var asRoot = Posix.GetEffectiveUserId() == 0;
        var arguments = BubblewrapArguments.Create(spec, Program, 3 + spec.Handles.Length, asRoot);
        SafeHandle[] handles = [.. spec.Handles, profile.ReadEnd, info.WriteEnd, block.ReadEnd];
        var process = await SupervisedProcess.StartAsync(asRoot ? SetPriv : Program, arguments, ["PATH=/usr/bin:/bin"], handles).ConfigureAwait(false);
        info.WriteEnd.Dispose();
        block.ReadEnd.Dispose();
        try
        {
            var said = await Task.Run(() => info.ReadToEnd(InfoBound), cancellationToken).ConfigureAwait(false);
            var pid = ReadChild(said) ?? throw new SandboxException($"bubblewrap did not start: {await LastWordsAsync(process).ConfigureAwait(false)}");
            // Still waiting for our word: the limits are on it before its first instruction.
            cgroup.Add(pid);
            block.WriteEnd.Dispose();
            var (_, report) = await StartedProgram.WaitAsync(process, spec, () => pid, time, cancellationToken).ConfigureAwait(false);
            return new SandboxHandle(spec.Name, pid, report, process, () => Kill(pid), (code, killed) => CleanUpAsync(cgroup, code, killed, process));
        }
        catch
        {
            Posix.Kill(process.ProcessId, Posix.SigKill);
            await process.Exited.ConfigureAwait(false);
            throw;
        }
    }

    private static async Task<string> LastWordsAsync(SupervisedProcess process)
    {
        await process.Exited.ConfigureAwait(false);
        return process.ErrorOutput;
    }

    private static int? ReadChild(byte[] info)
    {
        try
        {
            using var document = JsonDocument.Parse(info);
            return document.RootElement.TryGetProperty("child-pid", out var pid) ? pid.GetInt32() : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static Task Kill(int pid)
    {
        // It is process 1 of its namespace: everything in it dies with it.
        Posix.Kill(pid, Posix.SigKill);
        return Task.CompletedTask;
    }

    private async Task<SandboxExit> CleanUpAsync(OwnCgroup cgroup, int code, bool killed, SupervisedProcess process)
    {
        var outOfMemory = cgroup.RanOutOfMemory;
        await cgroup.RemoveAsync(time).ConfigureAwait(false);
        return new SandboxExit(StartedProgram.Reason(code, killed, outOfMemory), code, process.ErrorOutput);
    }
}
