using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using Merlon.Kernel;

namespace Merlon.Sandbox.Contracts;

/// <summary>What a model worker is told at its start. It is not trusted further than its words: the worker hashes the bytes it was given itself.</summary>
public sealed record WorkerLaunch
{
    /// <summary>Environment variable that carries the JSON form.</summary>
    public const string Variable = "MERLON_WORKER";

    /// <summary>Handle numbers in the worker: the sealed artifact, and the Unix socket (listening for a model worker, connected for a scan worker).</summary>
    public const int ArtifactHandle = 3;
    public const int SocketHandle = 4;

    /// <summary>One environment string may have 128 KiB; see execve(2).</summary>
    private const int MaxJson = 120 * 1024;

    /// <summary>The files in the order in which they lie in the memory file.</summary>
    public required ImmutableArray<ArtifactFile> Files { get; init; }
    public required Digest Manifest { get; init; }

    /// <summary>Path of the model among the files.</summary>
    public required string MainFile { get; init; }

    /// <summary>Threads inside one operator.</summary>
    public int IntraOpThreads { get; init; } = 1;

    /// <summary>Calls that run at once.</summary>
    public int Concurrency { get; init; } = 1;

    /// <summary>A call that runs longer is terminated.</summary>
    public int MaxCallMilliseconds { get; init; } = 10_000;

    /// <summary>The environment of a worker: this description, .NET without diagnostics and with its heap bounded, ONNX Runtime without telemetry.</summary>
    /// <exception cref="SandboxException">The artifact has too many files to be described.</exception>
    public ImmutableArray<string> ToEnvironment(SandboxLimits limits)
    {
        var json = JsonSerializer.Serialize(this, WorkerLaunchJson.Default.WorkerLaunch);
        if (System.Text.Encoding.UTF8.GetByteCount(json) > MaxJson)
            throw new SandboxException($"The artifact has too many files ({Files.Length}) for one worker.");
        return [.. BaseEnvironment(limits), $"{Variable}={json}"];
    }

    /// <summary>What every .NET program in a sandbox gets.</summary>
    public static ImmutableArray<string> BaseEnvironment(SandboxLimits limits) =>
    [
        "HOME=/tmp",
        "ORT_DISABLE_TELEMETRY=1",
        "DOTNET_EnableDiagnostics=0",
        "DOTNET_TieredPGO=0",
        "DOTNET_gcServer=0",
        "DOTNET_gcConcurrent=0",
        // The second mapping of code pages needs memfd_create, which the profile refuses.
        "DOTNET_EnableWriteXorExecute=0",
        string.Create(CultureInfo.InvariantCulture, $"DOTNET_PROCESSOR_COUNT={(int)Math.Ceiling(limits.Processors):X}"),
        string.Create(CultureInfo.InvariantCulture, $"DOTNET_GCHeapHardLimit={limits.MemoryBytes / 2:X}"),
    ];

    /// <summary>The description in this process's environment.</summary>
    /// <exception cref="InvalidDataException">There is none, or it is not well formed.</exception>
    public static WorkerLaunch FromEnvironment()
    {
        try
        {
            var json = Environment.GetEnvironmentVariable(Variable);
            if (json is not null && JsonSerializer.Deserialize(json, WorkerLaunchJson.Default.WorkerLaunch) is { Files.IsDefault: false, MainFile: not null } launch)
                return launch;
        }
        catch (JsonException)
        {
            // Said below.
        }
        throw new InvalidDataException($"{Variable} does not hold a launch description.");
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(WorkerLaunch))]
internal sealed partial class WorkerLaunchJson : JsonSerializerContext;
