using System.Globalization;
using Merlon.Sandbox.Contracts;

namespace Merlon.Sandbox.Isolation;

/// <summary>The numbers of a character device.</summary>
internal readonly record struct DeviceFile(int Major, int Minor)
{
    /// <exception cref="SandboxException">Not a character device that the kernel knows.</exception>
    public static DeviceFile Read(string path)
    {
        // sysfs lists every character device by number, with its name in uevent: no stat structure to lay out per architecture.
        var name = path.StartsWith("/dev/", StringComparison.Ordinal) ? path["/dev/".Length..] : throw new SandboxException($"{path} is not under /dev.");
        foreach (var folder in Directory.EnumerateDirectories("/sys/dev/char"))
        {
            var uevent = Path.Combine(folder, "uevent");
            if (!File.Exists(uevent) || !File.ReadLines(uevent).Contains("DEVNAME=" + name, StringComparer.Ordinal))
                continue;
            var numbers = Path.GetFileName(folder).Split(':');
            return new DeviceFile(int.Parse(numbers[0], CultureInfo.InvariantCulture), int.Parse(numbers[1], CultureInfo.InvariantCulture));
        }
        throw new SandboxException($"{path} is not a character device of this machine.");
    }
}
