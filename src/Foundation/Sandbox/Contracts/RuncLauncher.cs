using System.Globalization;
using Merlon.Kernel;
using Merlon.Sandbox.Isolation;
using Merlon.Sandbox.Isolation.Cgroups;
using Merlon.Sandbox.Isolation.Runc;

namespace Merlon.Sandbox.Contracts;

/// <summary>
/// Starts sandboxes as OCI containers with runc; needs root. runc stays as the container's parent, so its exit code is the program's; the container
/// and its cgroup are kept until why it ended has been read.
/// </summary>
/// <param name="runFolder">Folder for bundles and runc's state; belongs to this launcher alone and should not survive a reboot.</param>
/// <param name="prefix">Begins the name of every container and cgroup of this launcher: two data directories on one machine have two prefixes.</param>
public sealed class RuncLauncher(string runFolder, string prefix, TimeProvider time) : ISandboxLauncher
{
    private const string Program = "/usr/sbin/runc";
    private static readonly string[] s_environment = ["PATH=/usr/sbin:/usr/bin:/sbin:/bin"];

    public string Kind => "runc";

    /// <summary>True when runc is installed and this process may use it.</summary>
    public static bool IsAvailable => FindProgram() is not null && Posix.GetEffectiveUserId() == 0;

    private string StateFolder => Path.Combine(runFolder, "runc");
    private string BundlesFolder => Path.Combine(runFolder, "bundles");

    public async Task<SandboxHandle> StartAsync(SandboxSpec spec, CancellationToken cancellationToken)
    {
        if (!Names.IsValid(spec.Name))
            throw new ArgumentException("Not a valid sandbox name.", nameof(spec));
        var id = $"{prefix}-{spec.Name}";
        var bundle = Path.Combine(BundlesFolder, id);
        Directory.CreateDirectory(bundle, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        var cgroup = "/merlon/" + id;
        await File.WriteAllBytesAsync(Path.Combine(bundle, "config.json"), OciConfig.Write(spec, cgroup), cancellationToken).ConfigureAwait(false);
        var pidFile = Path.Combine(bundle, "pid");
        var process = await SupervisedProcess.StartAsync(
            FindProgram() ?? throw new SandboxException("runc is not installed."),
            ["--root", StateFolder, "run", "--keep", "--bundle", bundle, "--pid-file", pidFile,
                "--preserve-fds", spec.Handles.Length.ToString(CultureInfo.InvariantCulture), id],
            s_environment,
            spec.Handles).ConfigureAwait(false);
        try
        {
            var (pid, report) = await StartedProgram.WaitAsync(process, spec, () => ReadPid(pidFile), time, cancellationToken).ConfigureAwait(false);
            return new SandboxHandle(spec.Name, pid, report, process, () => KillAsync(id), (code, killed) => CleanUpAsync(id, cgroup, code, killed, process));
        }
        catch
        {
            await DeleteAsync(id).ConfigureAwait(false);
            throw;
        }
    }

    public async Task SweepAsync(CancellationToken cancellationToken)
    {
        string[] left = [.. Folders(StateFolder), .. Folders(BundlesFolder)];
        foreach (var folder in left)
        {
            cancellationToken.ThrowIfCancellationRequested();
            await DeleteAsync(Path.GetFileName(folder)).ConfigureAwait(false);
        }
    }

    private static IEnumerable<string> Folders(string parent) => Directory.Exists(parent) ? Directory.EnumerateDirectories(parent) : [];

    private static string? FindProgram() => File.Exists(Program) ? Program : File.Exists("/usr/bin/runc") ? "/usr/bin/runc" : null;

    private static int? ReadPid(string pidFile) =>
        File.Exists(pidFile) && int.TryParse(File.ReadAllText(pidFile), CultureInfo.InvariantCulture, out var pid) ? pid : null;

    private Task KillAsync(string id) => RuncAsync("kill", id, "KILL");

    private async Task<SandboxExit> CleanUpAsync(string id, string cgroup, int code, bool killed, SupervisedProcess process)
    {
        var outOfMemory = CgroupTree.OutOfMemoryKills(CgroupTree.Folder("memory", cgroup)) > 0;
        await DeleteAsync(id).ConfigureAwait(false);
        return new SandboxExit(StartedProgram.Reason(code, killed, outOfMemory), code, process.ErrorOutput);
    }

    /// <summary>Kills and removes a container, running or not, whole or half made.</summary>
    private async Task DeleteAsync(string id)
    {
        await RuncAsync("delete", "--force", id).ConfigureAwait(false);
        string[] folders = [Path.Combine(StateFolder, id), Path.Combine(BundlesFolder, id)];
        foreach (var folder in folders)
        {
            if (Directory.Exists(folder))
                Directory.Delete(folder, recursive: true);
        }
    }

    private Task RuncAsync(params ReadOnlySpan<string> arguments) => SupervisedProcess.RunAsync(FindProgram() ?? Program, ["--root", StateFolder, .. arguments]);
}
