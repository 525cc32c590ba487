using Merlon.Kernel;

namespace Merlon.Gateway.Contracts;

/// <summary>The gateway's own limits. What a snapshot says of a key or an endpoint stands before the defaults here.</summary>
public sealed record GatewayOptions
{
    /// <summary>Calls per second and key, on average.</summary>
    public double DefaultRatePerSecond { get; init; } = 1000;

    /// <summary>Calls that a key may make at once after a pause.</summary>
    public int DefaultBurst { get; init; } = 1000;
    public int MaxConcurrentPerKey { get; init; } = 256;
    public int MaxConcurrentPerEndpoint { get; init; } = 1024;

    /// <summary>Bytes of bodies, tensors and answers held at once, over all calls.</summary>
    public long MaxBytesInFlight { get; init; } = 256L * 1024 * 1024;
    public int MaxConnections { get; init; } = 8192;

    /// <summary>Connections of one network (IPv4 /24, IPv6 /48).</summary>
    public int MaxConnectionsPerNetwork { get; init; } = 1024;

    /// <summary>Unauthenticated calls per second and network that get a full answer; those above get 429.</summary>
    public double UnauthenticatedPerSecond { get; init; } = 20;
    public int UnauthenticatedBurst { get; init; } = 100;

    /// <summary>Longest time for the whole body to arrive.</summary>
    public TimeSpan BodyTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long a call waits for a worker that is being restarted. After a longer absence calls are refused at once.</summary>
    public TimeSpan WorkerWait { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>All that is wrong with the options; empty when they hold.</summary>
    public IReadOnlyList<string> Validate()
    {
        List<string> errors = [];
        Must(DefaultRatePerSecond is > 0 and <= 1e6, nameof(DefaultRatePerSecond), "above 0 and at most 1000000");
        Must(DefaultBurst is > 0 and <= 1_000_000, nameof(DefaultBurst), "1 to 1000000");
        Must(MaxConcurrentPerKey > 0, nameof(MaxConcurrentPerKey), "at least 1");
        Must(MaxConcurrentPerEndpoint > 0, nameof(MaxConcurrentPerEndpoint), "at least 1");
        Must(MaxBytesInFlight >= 1024 * 1024, nameof(MaxBytesInFlight), "at least 1 MiB");
        Must(MaxConnections > 0, nameof(MaxConnections), "at least 1");
        Must(MaxConnectionsPerNetwork > 0, nameof(MaxConnectionsPerNetwork), "at least 1");
        Must(UnauthenticatedPerSecond is > 0 and <= 1e6, nameof(UnauthenticatedPerSecond), "above 0 and at most 1000000");
        Must(UnauthenticatedBurst > 0, nameof(UnauthenticatedBurst), "at least 1");
        Must(BodyTimeout > TimeSpan.Zero && BodyTimeout <= TimeSpan.FromMinutes(5), nameof(BodyTimeout), "above 0 and at most 5 minutes");
        Must(WorkerWait >= TimeSpan.Zero && WorkerWait <= TimeSpan.FromMinutes(1), nameof(WorkerWait), "0 to 1 minute");
        return errors;

        void Must(bool holds, string name, string range)
        {
            if (!holds)
                errors.Add($"{name} must be {range}.");
        }
    }
}

/// <summary>How the gateway reaches control. Delegates, so that one process and two machines are the same to it.</summary>
public sealed record SnapshotSource
{
    /// <summary>
    /// Waits for a snapshot newer than the version given (0: any) and returns its signed envelope; null when there is none yet.
    /// An exception means that control cannot be reached.
    /// </summary>
    public required Func<long, CancellationToken, Task<byte[]?>> Fetch { get; init; }

    /// <summary>Opens the envelope: the snapshot's JSON when the signature is control's, otherwise a refusal.</summary>
    public required Func<ReadOnlyMemory<byte>, Result<ReadOnlyMemory<byte>>> Verify { get; init; }

    /// <summary>Tells control that calls are now decided by this version.</summary>
    public required Func<long, CancellationToken, Task> Acknowledge { get; init; }
}
