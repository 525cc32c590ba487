using Merlon.Kernel;
using Merlon.Registry.Contracts;
using Merlon.Scanning.Contracts;

namespace Merlon.Serving.Contracts;

/// <summary>What a node must have running: it starts what is missing and stops what is not listed.</summary>
/// <param name="Version">Grows with every change.</param>
public sealed record NodeAssignment(long Version, IReadOnlyList<WorkerAssignment> Workers, IReadOnlyList<ScanAssignment> Scans);

/// <summary>One worker for one immutable revision. Holds no key.</summary>
public sealed record WorkerAssignment
{
    public required Guid RevisionId { get; init; }
    public required string Endpoint { get; init; }
    public required string Model { get; init; }
    public required Digest Manifest { get; init; }
    public required IReadOnlyList<SealedFile> Files { get; init; }

    /// <summary>The model file that the runtime loads.</summary>
    public required string MainFile { get; init; }
    public required WorkerResources Resources { get; init; }
    public required bool RequiresFullIsolation { get; init; }
}

/// <summary>What a worker may use.</summary>
/// <param name="MemoryBytes">Hard limit of the whole sandbox, the model included.</param>
/// <param name="Cpus">CPU time per second of wall time.</param>
/// <param name="Processes">Processes and threads.</param>
/// <param name="Threads">Threads of the runtime per call.</param>
/// <param name="Devices">Device nodes that the sandbox gets (GPUs). None by default.</param>
public sealed record WorkerResources(long MemoryBytes, double Cpus, int Processes, int Threads, IReadOnlyList<string> Devices);

/// <summary>One version to be scanned in a sandbox.</summary>
/// <param name="Policy">The project's scan policy, verified by control; null: the built-in rules.</param>
public sealed record ScanAssignment(Guid ScanId, Guid VersionId, Digest Manifest, IReadOnlyList<SealedFile> Files, ScanPolicy? Policy = null);

/// <summary>Asks for the data keys of one worker's revision or one scan, and nothing else.</summary>
public sealed record KeyRequest(Guid? RevisionId, Guid? ScanId, Digest Manifest);

/// <summary>Data keys (32 bytes) by blob id.</summary>
public sealed record KeyRelease(IReadOnlyDictionary<Guid, byte[]> Keys);

public enum WorkerState
{
    Starting,
    Healthy,

    /// <summary>Stopped unexpectedly and is being replaced.</summary>
    Restarting,

    /// <summary>Will not be tried again: the bytes, the isolation or the model itself are not acceptable.</summary>
    Failed,
}

/// <summary>How one worker stands.</summary>
public sealed record WorkerStatus
{
    public required Guid RevisionId { get; init; }
    public required WorkerState State { get; init; }

    /// <summary><c>full</c> or <c>reduced</c>.</summary>
    public string Isolation { get; init; } = "";
    public IReadOnlyList<string> MissingIsolation { get; init; } = [];
    public string Sandbox { get; init; } = "";
    public int ProcessId { get; init; }
    public int Restarts { get; init; }

    /// <summary>Why it is not healthy, or why it stopped last.</summary>
    public string? Problem { get; init; }
    public string? SocketPath { get; init; }
    public double StartMilliseconds { get; init; }
}

public sealed record NodeStatus(IReadOnlyList<WorkerStatus> Workers);

/// <summary>The answer to a scan: a report, or why there is none.</summary>
public sealed record ScanAnswer(Guid ScanId, ScanReport? Report, string? Problem);
