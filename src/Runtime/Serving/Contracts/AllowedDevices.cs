using Merlon.Kernel;

namespace Merlon.Serving.Contracts;

/// <summary>
/// The device files that a worker may be given: accelerators, and nothing that reaches disks, memory or the kernel. Control refuses others when a
/// deployment is asked for; the node, which decides last, when a worker is started.
/// </summary>
public static class AllowedDevices
{
    public const int MaxDevices = 64;
    private const int MaxDigits = 4;

    // NVIDIA's control nodes, AMD's compute node.
    private static readonly string[] s_named = ["/dev/nvidiactl", "/dev/nvidia-uvm", "/dev/nvidia-uvm-tools", "/dev/kfd"];

    // NVIDIA's cards, DRM render nodes, the kernel's accel subsystem; each followed by a number.
    private static readonly string[] s_numbered = ["/dev/nvidia", "/dev/dri/renderD", "/dev/accel/accel"];

    /// <summary>The first device that is not allowed, printable; null when all are.</summary>
    public static string? FirstRefused(IReadOnlyList<string> devices)
    {
        foreach (var device in devices)
        {
            if (device is null || !IsAllowed(device))
                return Text.Printable(device ?? "", 80);
        }
        return devices.Count > MaxDevices ? Text.Printable(devices[MaxDevices], 80) : null;
    }

    private static bool IsAllowed(string device) => s_named.Contains(device, StringComparer.Ordinal)
        || Array.Exists(s_numbered, prefix => device.StartsWith(prefix, StringComparison.Ordinal) && IsNumber(device.AsSpan(prefix.Length)));

    private static bool IsNumber(ReadOnlySpan<char> text) => text.Length is > 0 and <= MaxDigits && !text.ContainsAnyExceptInRange('0', '9');
}
