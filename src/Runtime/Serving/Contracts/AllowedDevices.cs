using System.Text.RegularExpressions;
using Merlon.Kernel;

namespace Merlon.Serving.Contracts;

/// <summary>
/// The device files that a worker may be given: accelerators, and nothing that reaches disks, memory or the kernel. Control refuses others when a
/// deployment is asked for; the node, which decides last, when a worker is started.
/// </summary>
public static partial class AllowedDevices
{
    public const int MaxDevices = 64;

    /// <summary>The first device that is not allowed, printable; null when all are.</summary>
    public static string? FirstRefused(IReadOnlyList<string> devices)
    {
        foreach (var device in devices)
        {
            if (device is null || !Pattern().IsMatch(device))
                return Text.Printable(device ?? "", 80);
        }
        return devices.Count > MaxDevices ? Text.Printable(devices[MaxDevices], 80) : null;
    }

    // NVIDIA's nodes, DRM render nodes, AMD's compute node, the kernel's accel subsystem.
    [GeneratedRegex(@"^/dev/(nvidia[0-9]+|nvidiactl|nvidia-uvm(-tools)?|dri/renderD[0-9]+|kfd|accel/accel[0-9]+)\z", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Pattern();
}
