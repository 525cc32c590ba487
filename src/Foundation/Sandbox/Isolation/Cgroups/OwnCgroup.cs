using System.Globalization;
using Merlon.Sandbox.Contracts;

namespace Merlon.Sandbox.Isolation.Cgroups;

/// <summary>
/// A control group that this process makes itself, for launchers that do not. Where the hierarchy may not be written it is empty, and the
/// inspection says which limits are missing.
/// </summary>
internal sealed class OwnCgroup
{
    private const int CpuPeriod = 100_000;
    private const string Parent = "/merlon";
    private static readonly string[] s_controllers = ["memory", "cpu", "pids"];

    private readonly string _path;
    private readonly HashSet<string> _folders = new(StringComparer.Ordinal);

    public OwnCgroup(string name) => _path = $"{Parent}/{name}";

    public static OwnCgroup Create(string name, SandboxLimits limits)
    {
        var group = new OwnCgroup(name);
        foreach (var controller in s_controllers)
            group.TryAdd(controller, limits);
        return group;
    }

    public void Add(int processId)
    {
        foreach (var folder in _folders)
            File.WriteAllText(Path.Combine(folder, "cgroup.procs"), processId.ToString(CultureInfo.InvariantCulture));
    }

    public bool RanOutOfMemory => CgroupTree.OutOfMemoryKills(CgroupTree.Folder("memory", _path)) > 0;

    /// <summary>Removes the group, once its last process is gone.</summary>
    public async Task RemoveAsync(TimeProvider time)
    {
        foreach (var folder in s_controllers.Select(controller => CgroupTree.Folder(controller, _path)).Distinct(StringComparer.Ordinal))
        {
            // A process that was just killed takes a moment to leave.
            for (var attempt = 0; Directory.Exists(folder) && attempt < 200; attempt++)
            {
                try
                {
                    Directory.Delete(folder);
                }
                catch (IOException)
                {
                    await Task.Delay(TimeSpan.FromMilliseconds(5), time).ConfigureAwait(false);
                }
            }
        }
    }

    /// <summary>Kills what still runs in groups of <paramref name="prefix"/> and removes them.</summary>
    public static async Task SweepAsync(string prefix, TimeProvider time)
    {
        var names = s_controllers.Select(controller => CgroupTree.Folder(controller, Parent)).Where(Directory.Exists)
            .SelectMany(Directory.EnumerateDirectories).Select(Path.GetFileName).OfType<string>()
            .Where(name => name.StartsWith(prefix + "-", StringComparison.Ordinal)).ToHashSet(StringComparer.Ordinal);
        foreach (var name in names)
        {
            var group = new OwnCgroup(name);
            foreach (var line in s_controllers.Select(c => Path.Combine(CgroupTree.Folder(c, group._path), "cgroup.procs")).Where(File.Exists).SelectMany(File.ReadLines))
                Posix.Kill(int.Parse(line, CultureInfo.InvariantCulture), Posix.SigKill);
            await group.RemoveAsync(time).ConfigureAwait(false);
        }
    }

    private void TryAdd(string controller, SandboxLimits limits)
    {
        try
        {
            var folder = CgroupTree.Folder(controller, _path);
            if (!Directory.Exists(CgroupTree.Folder(controller, "/")))
                return;
            if (CgroupTree.IsUnified)
                Enable(controller);
            Directory.CreateDirectory(folder);
            foreach (var (name, value) in Settings(controller, limits))
                File.WriteAllText(Path.Combine(folder, name), value.ToString(CultureInfo.InvariantCulture));
            _folders.Add(folder);
        }
        catch (Exception e) when (e is UnauthorizedAccessException or IOException)
        {
            // Not ours to write. The report says that the limit is missing.
        }
    }

    private static void Enable(string controller)
    {
        File.WriteAllText(CgroupTree.Folder(controller, "/") + "cgroup.subtree_control", "+" + controller);
        var parent = CgroupTree.Folder(controller, Parent);
        Directory.CreateDirectory(parent);
        File.WriteAllText(Path.Combine(parent, "cgroup.subtree_control"), "+" + controller);
    }

    private static IEnumerable<(string Name, FormattableString Value)> Settings(string controller, SandboxLimits limits)
    {
        var quota = (long)(limits.Processors * CpuPeriod);
        return (controller, CgroupTree.IsUnified) switch
        {
            ("memory", true) => [("memory.max", $"{limits.MemoryBytes}"), ("memory.swap.max", $"{0}")],
            ("memory", false) => CgroupTree.LimitsSwap
                ? [("memory.limit_in_bytes", $"{limits.MemoryBytes}"), ("memory.memsw.limit_in_bytes", $"{limits.MemoryBytes}")]
                : [("memory.limit_in_bytes", $"{limits.MemoryBytes}")],
            ("pids", _) => [("pids.max", $"{limits.Processes}")],
            (_, true) => [("cpu.max", $"{quota} {CpuPeriod}")],
            (_, false) => [("cpu.cfs_period_us", $"{CpuPeriod}"), ("cpu.cfs_quota_us", $"{quota}")],
        };
    }
}
