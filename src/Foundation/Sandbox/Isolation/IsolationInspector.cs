using System.Collections.Immutable;
using System.Globalization;
using Merlon.Sandbox.Contracts;
using Merlon.Sandbox.Isolation.Cgroups;

namespace Merlon.Sandbox.Isolation;

/// <summary>Reads from outside what the kernel enforces on a process. Each property is judged by what is found and never by what was asked for.</summary>
internal static class IsolationInspector
{
    private static readonly string[] s_namespaces = ["net", "pid", "mnt", "ipc", "uts"];

    public static IsolationReport Inspect(int processId, SandboxSpec spec)
    {
        var found = ImmutableArray.CreateBuilder<IsolationProperty>();
        var status = ReadStatus(processId);
        var uids = status.GetValueOrDefault("Uid", "");
        found.Add(new("own-user", uids.Split('\t').All(id => id == spec.UserId.ToString(CultureInfo.InvariantCulture)) && spec.UserId != 0, uids.Replace('\t', ' ')));
        var sets = string.Join(' ', ((ReadOnlySpan<string>)["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"]).ToArray().Select(set => status.GetValueOrDefault(set, "?")));
        found.Add(new("no-capabilities", sets.All(c => c is '0' or ' '), sets));
        found.Add(Equal("no-new-privileges", status.GetValueOrDefault("NoNewPrivs"), "1"));
        found.Add(Equal("seccomp", status.GetValueOrDefault("Seccomp"), "2"));
        foreach (var kind in s_namespaces)
            found.Add(OwnNamespace(processId, kind));
        found.Add(NoNetwork(processId));
        AddMounts(found, processId);
        AddLimits(found, processId, spec);
        return new IsolationReport(found.ToImmutable());
    }

    /// <summary>The lines of /proc/pid/status, by name.</summary>
    public static Dictionary<string, string> ReadStatus(int processId)
    {
        var status = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var line in File.ReadLines($"/proc/{processId}/status"))
        {
            var colon = line.IndexOf(':', StringComparison.Ordinal);
            if (colon > 0)
                status[line[..colon]] = line[(colon + 1)..].Trim();
        }
        return status;
    }

    private static IsolationProperty Equal(string name, string? value, string expected) => new(name, value == expected, value ?? "unknown");

    private static IsolationProperty OwnNamespace(int processId, string kind)
    {
        var theirs = new FileInfo($"/proc/{processId}/ns/{kind}").LinkTarget;
        var ours = new FileInfo($"/proc/self/ns/{kind}").LinkTarget;
        return new($"own-{kind}-namespace", theirs is not null && ours is not null && theirs != ours, theirs ?? "unknown");
    }

    private static IsolationProperty NoNetwork(int processId)
    {
        var devices = File.ReadLines($"/proc/{processId}/net/dev").Skip(2).Select(line => line.Split(':')[0].Trim()).ToArray();
        return new("no-network", devices is [] or ["lo"], string.Join(' ', devices));
    }

    private static void AddMounts(ImmutableArray<IsolationProperty>.Builder found, int processId)
    {
        var mounts = File.ReadLines($"/proc/{processId}/mountinfo").Select(Mount.Parse).ToArray();
        var root = mounts.LastOrDefault(mount => mount.Point == "/");
        found.Add(new("read-only-root", root?.Has("ro") == true, root?.Options ?? "unknown"));

        // Masks over parts of /proc and device nodes are the only other mounts that a sandbox has.
        var foreign = mounts.Where(mount => mount.Point != "/" && mount.Type is not ("proc" or "tmpfs" or "devpts" or "mqueue")
            && !mount.Point.StartsWith("/dev/", StringComparison.Ordinal) && !mount.Point.StartsWith("/proc/", StringComparison.Ordinal)).Select(mount => mount.Point).ToArray();
        found.Add(new("no-host-mounts", foreign.Length == 0, string.Join(' ', foreign)));
        var tmp = mounts.LastOrDefault(mount => mount.Point == "/tmp");
        found.Add(new("tmp-noexec", tmp is null || (tmp.Has("noexec") && tmp.Has("nosuid") && tmp.Has("nodev")), tmp?.Options ?? "none"));
    }

    private static void AddLimits(ImmutableArray<IsolationProperty>.Builder found, int processId, SandboxSpec spec)
    {
        var unified = CgroupTree.IsUnified;
        var memory = CgroupTree.FolderOf(processId, "memory");
        found.Add(AtMost("memory-limit", CgroupTree.ReadSetting(memory, unified ? "memory.max" : "memory.limit_in_bytes"), spec.Limits.MemoryBytes));
        if (CgroupTree.LimitsSwap)
            found.Add(AtMost("no-swap", CgroupTree.ReadSetting(memory, unified ? "memory.swap.max" : "memory.memsw.limit_in_bytes"), unified ? 0 : spec.Limits.MemoryBytes));
        found.Add(AtMost("process-limit", CgroupTree.ReadSetting(CgroupTree.FolderOf(processId, "pids"), "pids.max"), spec.Limits.Processes));
        var cpu = CgroupTree.ReadSetting(CgroupTree.FolderOf(processId, "cpu"), unified ? "cpu.max" : "cpu.cfs_quota_us")?.Split(' ')[0];
        found.Add(AtMost("cpu-limit", cpu, long.MaxValue));
    }

    private static IsolationProperty AtMost(string name, string? setting, long bound) =>
        new(name, long.TryParse(setting, CultureInfo.InvariantCulture, out var value) && value >= 0 && value <= bound, setting ?? "none");

    /// <summary>A line of mountinfo: see proc(5).</summary>
    private sealed record Mount(string Point, string Options, string Type)
    {
        public static Mount Parse(string line)
        {
            var parts = line.Split(" - ", 2);
            var fields = parts[0].Split(' ');
            return new Mount(fields[4], fields[5], parts[1].Split(' ')[0]);
        }

        public bool Has(string option) => Options.Split(',').Contains(option, StringComparer.Ordinal);
    }
}
