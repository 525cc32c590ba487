using System.Text.Json.Nodes;
using Merlon.Sandbox.Contracts;
using Merlon.Sandbox.Isolation.Cgroups;
using Merlon.Sandbox.Isolation.Seccomp;

namespace Merlon.Sandbox.Isolation.Runc;

/// <summary>Writes a sandbox as an OCI runtime configuration (runtime-spec 1.0.2, config.md and config-linux.md).</summary>
internal static class OciConfig
{
    private const int CpuPeriod = 100_000;

    private static readonly string[] s_maskedPaths =
    [
        "/proc/acpi", "/proc/asound", "/proc/bus", "/proc/config.gz", "/proc/fs", "/proc/interrupts", "/proc/irq", "/proc/kallsyms", "/proc/kcore", "/proc/keys",
        "/proc/kmsg", "/proc/latency_stats", "/proc/modules", "/proc/mounts", "/proc/net", "/proc/sched_debug", "/proc/scsi", "/proc/sys/kernel/random",
        "/proc/sysrq-trigger", "/proc/sysvipc", "/proc/timer_list", "/proc/timer_stats", "/proc/tty", "/proc/version_signature", "/proc/vmallocinfo",
    ];

    public static byte[] Write(SandboxSpec spec, string cgroupPath)
    {
        var config = new JsonObject
        {
            ["ociVersion"] = "1.0.2",
            ["hostname"] = "sandbox",
            ["root"] = new JsonObject { ["path"] = spec.RootFolder, ["readonly"] = true },
            ["process"] = Process(spec),
            ["mounts"] = new JsonArray(
                Mount("/proc", "proc", "nosuid", "noexec", "nodev"),
                Mount("/dev", "tmpfs", "nosuid", "noexec", "strictatime", "mode=755", "size=65536"),
                Mount("/tmp", "tmpfs", "nosuid", "noexec", "nodev", "mode=1777", $"size={spec.Limits.TemporaryBytes}")),
            ["linux"] = Linux(spec, cgroupPath),
        };
        return System.Text.Encoding.UTF8.GetBytes(config.ToJsonString());
    }

    private static JsonObject Process(SandboxSpec spec) => new()
    {
        ["terminal"] = false,
        ["user"] = new JsonObject { ["uid"] = spec.UserId, ["gid"] = spec.GroupId, ["umask"] = 63 },
        ["args"] = Strings(spec.Command),
        ["env"] = Strings(spec.Environment),
        ["cwd"] = "/",
        ["noNewPrivileges"] = true,
        ["oomScoreAdj"] = 500,
        ["capabilities"] = new JsonObject
        {
            ["bounding"] = new JsonArray(),
            ["effective"] = new JsonArray(),
            ["permitted"] = new JsonArray(),
            ["inheritable"] = new JsonArray(),
            ["ambient"] = new JsonArray(),
        },
        ["rlimits"] = new JsonArray(Limit("RLIMIT_NOFILE", spec.Limits.OpenFiles), Limit("RLIMIT_CORE", 0)),
    };

    private static JsonObject Linux(SandboxSpec spec, string cgroupPath)
    {
        var memory = new JsonObject { ["limit"] = spec.Limits.MemoryBytes };
        if (CgroupTree.LimitsSwap)
            memory["swap"] = spec.Limits.MemoryBytes;
        var allowedDevices = new JsonArray(new JsonObject { ["allow"] = false, ["access"] = "rwm" });
        var devices = new JsonArray();
        foreach (var path in spec.Devices)
        {
            var device = DeviceFile.Read(path);
            allowedDevices.Add((JsonNode)new JsonObject { ["allow"] = true, ["type"] = "c", ["major"] = device.Major, ["minor"] = device.Minor, ["access"] = "rw" });
            devices.Add((JsonNode)new JsonObject
            {
                ["path"] = path, ["type"] = "c", ["major"] = device.Major, ["minor"] = device.Minor,
                ["fileMode"] = 432, ["uid"] = spec.UserId, ["gid"] = spec.GroupId,
            });
        }
        return new JsonObject
        {
            ["cgroupsPath"] = cgroupPath,
            ["namespaces"] = new JsonArray([.. ((string[])["pid", "network", "ipc", "uts", "mount"]).Select(kind => new JsonObject { ["type"] = kind })]),
            ["resources"] = new JsonObject
            {
                ["memory"] = memory,
                ["cpu"] = new JsonObject { ["quota"] = (long)(spec.Limits.Processors * CpuPeriod), ["period"] = CpuPeriod },
                ["pids"] = new JsonObject { ["limit"] = spec.Limits.Processes },
                ["devices"] = allowedDevices,
            },
            ["devices"] = devices,
            ["seccomp"] = OciProfile.Create(SyscallRule.Load()),
            ["maskedPaths"] = Strings(s_maskedPaths),
            ["readonlyPaths"] = Strings(["/proc/sys", "/proc/self/attr"]),
        };
    }

    private static JsonObject Mount(string point, string type, params string[] options) => new()
    {
        ["destination"] = point,
        ["type"] = type,
        ["source"] = type,
        ["options"] = Strings(options),
    };

    private static JsonObject Limit(string type, long value) => new() { ["type"] = type, ["soft"] = value, ["hard"] = value };

    private static JsonArray Strings(IEnumerable<string> values) => new([.. values.Select(value => (JsonNode)value)]);
}
