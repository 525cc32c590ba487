using System.Collections.Frozen;
using Merlon.Gateway.Contracts;
using Merlon.Gateway.Limiting;
using Merlon.Kernel;

namespace Merlon.Gateway.Callers;

/// <summary>An API key, or a workload, as one snapshot knows it, with the counters that outlive snapshots.</summary>
internal sealed class Caller
{
    private readonly FrozenSet<Guid> _endpoints;

    public Caller(ApiKeyEntry entry, GatewayOptions options, long ticksPerSecond, CallerCounters? counters)
    {
        Entry = entry;
        SecretHash = entry.SecretHash.ToArray();
        _endpoints = entry.EndpointIds.ToFrozenSet();
        var perSecond = entry.RatePerSecond ?? options.DefaultRatePerSecond;
        // A key with its own rate and no burst may spend one second of it at once.
        var burst = entry.Burst ?? (entry.RatePerSecond is null ? options.DefaultBurst : Math.Max(1, (int)Math.Min(perSecond, 1_000_000)));
        Rate = new Rate(perSecond, burst, ticksPerSecond);
        MaxConcurrent = entry.MaxConcurrent ?? options.MaxConcurrentPerKey;
        Counters = counters ?? new CallerCounters();
        LimitText = burst.ToString(System.Globalization.CultureInfo.InvariantCulture);
    }

    /// <summary>A workload: a caller without a secret, found by its certificate.</summary>
    public static Caller Of(WorkloadEntry workload, GatewayOptions options, long ticksPerSecond, CallerCounters? counters) => new(
        new ApiKeyEntry
        {
            KeyId = workload.SpiffeId,
            SecretHash = default,
            Scope = workload.Scope,
            Principal = workload.Principal,
            EndpointIds = workload.EndpointIds,
            NotAfter = DateTimeOffset.MinValue,
            SubjectPublicKey = workload.SubjectPublicKey,
        },
        options, ticksPerSecond, counters)
    {
        Workload = workload,
    };

    /// <summary>Null for an API key.</summary>
    public WorkloadEntry? Workload { get; private init; }

    /// <summary>What events call <see cref="ApiKeyEntry.KeyId"/>.</summary>
    public string Credential => Workload is null ? "key" : "workload";

    public ApiKeyEntry Entry { get; }
    public byte[] SecretHash { get; }
    public Rate Rate { get; }
    public int MaxConcurrent { get; }
    public CallerCounters Counters { get; }

    /// <summary>Value of the RateLimit-Limit header.</summary>
    public string LimitText { get; }

    public bool MayCall(Guid endpoint) => _endpoints.Contains(endpoint);
}

/// <summary>Spent rate and running calls of a key, carried from snapshot to snapshot: a new snapshot is no new budget.</summary>
internal sealed class CallerCounters
{
    public RateCell Rate { get; } = new();
    public Slots Running { get; } = new();
}
