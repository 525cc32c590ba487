using System.Collections.Immutable;
using System.Runtime.InteropServices;

namespace Merlon.Sandbox.Contracts;

/// <summary>What one sandboxed program may use.</summary>
public sealed record SandboxLimits
{
    /// <summary>Bytes of memory, with no swap beyond.</summary>
    public long MemoryBytes { get; init; } = 1024L * 1024 * 1024;

    /// <summary>Processors, as a share of time: 0.5 is half of one.</summary>
    public double Processors { get; init; } = 1;

    /// <summary>Processes and threads.</summary>
    public int Processes { get; init; } = 128;

    /// <summary>Bytes in /tmp, which counts as memory.</summary>
    public long TemporaryBytes { get; init; } = 16L * 1024 * 1024;

    /// <summary>Open files.</summary>
    public int OpenFiles { get; init; } = 1024;
}

/// <summary>One program to start in isolation. Nothing of the host is visible to it but the root folder and the handles it is given.</summary>
public sealed record SandboxSpec
{
    /// <summary>Unique among the running sandboxes of this launcher; see <see cref="Kernel.Names"/>.</summary>
    public required string Name { get; init; }

    /// <summary>Folder that becomes the read-only root, as made by <see cref="RootfsBuilder"/>.</summary>
    public required string RootFolder { get; init; }

    /// <summary>Program and arguments; paths inside the root.</summary>
    public required ImmutableArray<string> Command { get; init; }

    /// <summary>The whole environment, each <c>NAME=value</c>.</summary>
    public ImmutableArray<string> Environment { get; init; } = [];

    /// <summary>User that the program runs as, of its own and not root.</summary>
    public required uint UserId { get; init; }
    public required uint GroupId { get; init; }
    public SandboxLimits Limits { get; init; } = new();

    /// <summary>Handles that the program finds as 3, 4 and so on. They stay open here.</summary>
    public ImmutableArray<SafeHandle> Handles { get; init; } = [];

    /// <summary>Device files to give, such as <c>/dev/nvidia0</c>.</summary>
    public ImmutableArray<string> Devices { get; init; } = [];
}
