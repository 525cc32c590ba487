using System.Globalization;

namespace Merlon.Sandbox.Isolation.Cgroups;

/// <summary>Where the controllers of this machine stand: one folder for all (version 2), or one each (version 1 and hybrid).</summary>
internal static class CgroupTree
{
    private const string Root = "/sys/fs/cgroup";

    public static bool IsUnified { get; } = File.Exists(Root + "/cgroup.controllers");

    /// <summary>True when swap is accounted for, so that it can be limited.</summary>
    public static bool LimitsSwap { get; } = IsUnified || File.Exists(Root + "/memory/memory.memsw.limit_in_bytes");

    /// <summary>The folder of <paramref name="path"/> (absolute inside the hierarchy) for one controller.</summary>
    public static string Folder(string controller, string path) => IsUnified ? Root + path : $"{Root}/{controller}{path}";

    /// <summary>The folder that holds a process for one controller; null when there is none.</summary>
    public static string? FolderOf(int processId, string controller)
    {
        foreach (var line in File.ReadLines($"/proc/{processId}/cgroup"))
        {
            var fields = line.Split(':', 3);
            if (fields.Length == 3 && (IsUnified ? fields[0] == "0" : fields[1].Split(',').Contains(controller, StringComparer.Ordinal)))
                return Folder(controller, fields[2]);
        }
        return null;
    }

    /// <summary>How many of the group's processes the kernel has killed for want of memory.</summary>
    public static long OutOfMemoryKills(string memoryFolder)
    {
        var file = Path.Combine(memoryFolder, IsUnified ? "memory.events" : "memory.oom_control");
        if (!File.Exists(file))
            return 0;
        var line = File.ReadLines(file).FirstOrDefault(line => line.StartsWith("oom_kill ", StringComparison.Ordinal));
        return line is null ? 0 : long.Parse(line.AsSpan("oom_kill ".Length), CultureInfo.InvariantCulture);
    }

    /// <summary>The first line of a control file, or null when it is not there.</summary>
    public static string? ReadSetting(string? folder, string name)
    {
        var path = folder is null ? null : Path.Combine(folder, name);
        return File.Exists(path) ? File.ReadLines(path).FirstOrDefault() : null;
    }
}
