using Merlon.Serving.Contracts;

namespace Merlon.Serving.Node;

/// <summary>What the node gives at most, whatever control assigns: it runs as root and decides last.</summary>
internal static class NodeLimits
{
    public const long MinMemoryBytes = 16L << 20;
    public const long MaxMemoryBytes = 1L << 40;
    public const double MinCpus = 0.01;
    public const double MaxCpus = 1024;
    public const int MaxProcesses = 4096;
    public const int MaxThreads = 256;

    /// <summary>The resources, each number moved into its range.</summary>
    /// <exception cref="InvalidDataException">A device is named that no worker gets.</exception>
    public static WorkerResources Bound(WorkerResources asked)
    {
        if (AllowedDevices.FirstRefused(asked.Devices) is { } device)
            throw new InvalidDataException($"The device '{device}' is not one that a worker may be given.");
        return asked with
        {
            MemoryBytes = Math.Clamp(asked.MemoryBytes, MinMemoryBytes, MaxMemoryBytes),
            Cpus = double.IsNaN(asked.Cpus) ? MinCpus : Math.Clamp(asked.Cpus, MinCpus, MaxCpus),
            Processes = Math.Clamp(asked.Processes, 1, MaxProcesses),
            Threads = Math.Clamp(asked.Threads, 1, MaxThreads),
        };
    }
}
