using System.Globalization;
using Merlon.Sandbox.Contracts;

namespace Merlon.Sandbox.Isolation.Bubblewrap;

/// <summary>A sandbox as bubblewrap's command line; see bwrap(1).</summary>
internal static class BubblewrapArguments
{
    /// <param name="firstOwn">Number of the first of our own three handles: the profile, the process id, the starting signal.</param>
    /// <param name="asRoot">True when this process is root: bubblewrap itself is then started as the sandbox's user, without any capability.</param>
    public static List<string> Create(SandboxSpec spec, string bubblewrap, int firstOwn, bool asRoot)
    {
        var uid = spec.UserId.ToString(CultureInfo.InvariantCulture);
        var gid = spec.GroupId.ToString(CultureInfo.InvariantCulture);
        List<string> arguments = [];
        if (asRoot)
            arguments.AddRange(["--reuid", uid, "--regid", gid, "--clear-groups", "--inh-caps=-all", "--bounding-set=-all", bubblewrap]);
        arguments.AddRange(
        [
            "--unshare-all", "--uid", uid, "--gid", gid, "--hostname", "sandbox",
            "--die-with-parent", "--new-session", "--as-pid-1", "--cap-drop", "ALL",
            "--ro-bind", spec.RootFolder, "/",
            "--proc", "/proc", "--dev", "/dev", "--remount-ro", "/dev",
            "--perms", "1777", "--size", spec.Limits.TemporaryBytes.ToString(CultureInfo.InvariantCulture), "--tmpfs", "/tmp",
            "--chdir", "/", "--clearenv",
            "--seccomp", Number(firstOwn), "--info-fd", Number(firstOwn + 1), "--block-fd", Number(firstOwn + 2),
        ]);
        foreach (var variable in spec.Environment)
        {
            var equals = variable.IndexOf('=', StringComparison.Ordinal);
            arguments.AddRange(["--setenv", variable[..equals], variable[(equals + 1)..]]);
        }
        foreach (var device in spec.Devices)
            arguments.AddRange(["--dev-bind", device, device]);
        arguments.Add("--");
        arguments.AddRange(spec.Command);
        return arguments;
    }

    private static string Number(int value) => value.ToString(CultureInfo.InvariantCulture);
}
