using System.Collections.Immutable;
using Merlon.Admission.Contracts;
using Merlon.Kernel;
using Merlon.Serving.Contracts;

namespace Merlon.Gateway.Contracts;

/// <summary>
/// Everything the gateway needs to decide a call: immutable, made and signed by control, swapped in as one reference. The gateway has no other
/// source of truth, so control may be down while calls go on.
/// </summary>
public sealed record GatewaySnapshot
{
    /// <summary>Grows with every change; a snapshot that is not newer than the present one is ignored.</summary>
    public required long Version { get; init; }
    public required DateTimeOffset IssuedAt { get; init; }
    public ImmutableArray<EndpointRoute> Endpoints { get; init; } = [];
    public ImmutableArray<ApiKeyEntry> Keys { get; init; } = [];
    public ImmutableArray<WorkloadEntry> Workloads { get; init; } = [];
}

/// <summary>An endpoint and the one immutable revision it points to.</summary>
public sealed record EndpointRoute
{
    public required Scope Scope { get; init; }
    public required Guid EndpointId { get; init; }

    /// <summary>The endpoint's name: what clients write as the model name in the path.</summary>
    public required string Name { get; init; }
    public required string Environment { get; init; }
    public required Guid RevisionId { get; init; }
    public required string Model { get; init; }
    public required int ModelVersion { get; init; }
    public required Digest Manifest { get; init; }
    public required Digest ContractDigest { get; init; }
    public required Digest PolicyDigest { get; init; }
    public required TensorContract Contract { get; init; }

    /// <summary>Path of the Unix socket on which the revision's worker answers.</summary>
    public required string WorkerSocket { get; init; }

    /// <summary>Longest time for one inference.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Calls that may run at once; null: the gateway's default.</summary>
    public int? MaxConcurrent { get; init; }

    /// <summary>From where, how and when it may be called; null: no restriction.</summary>
    public EndpointRestrictions? Restrictions { get; init; }
}

/// <summary>An API key as the gateway knows it: never the secret.</summary>
public sealed record ApiKeyEntry
{
    /// <summary>Public part of the key, by which it is looked up.</summary>
    public required string KeyId { get; init; }

    /// <summary>SHA-256 of the 256-bit random secret. A fast hash is right here: the secret cannot be guessed.</summary>
    public required Digest SecretHash { get; init; }
    public required Scope Scope { get; init; }

    /// <summary>Pseudonymous id of the caller; written to events.</summary>
    public required string Principal { get; init; }
    public required ImmutableArray<Guid> EndpointIds { get; init; }
    public required DateTimeOffset NotAfter { get; init; }

    /// <summary>Calls per second allowed on average; null: the gateway's default.</summary>
    public double? RatePerSecond { get; init; }

    /// <summary>Calls that may come at once after a pause; null: the gateway's default.</summary>
    public int? Burst { get; init; }

    /// <summary>Calls that may run at once; null: the gateway's default.</summary>
    public int? MaxConcurrent { get; init; }

    /// <summary>P-256 public key (SPKI) of the caller's subject, with which personal fields are sealed.</summary>
    public required ReadOnlyMemory<byte> SubjectPublicKey { get; init; }
}

/// <summary>A machine that proves itself with a certificate. What is not in this list does not call, however well it is signed.</summary>
public sealed record WorkloadEntry
{
    /// <summary>The identity in the certificate's one URI name.</summary>
    public required string SpiffeId { get; init; }
    public required Scope Scope { get; init; }

    /// <summary>Pseudonymous id of the caller; written to events.</summary>
    public required string Principal { get; init; }
    public required ImmutableArray<Guid> EndpointIds { get; init; }

    /// <summary>SHA-256 of the certificates that are in force: the newest and, for a while, the one before it.</summary>
    public required ImmutableArray<Digest> Certificates { get; init; }

    /// <summary>P-256 public key (SPKI) of the caller's subject, with which personal fields are sealed.</summary>
    public required ReadOnlyMemory<byte> SubjectPublicKey { get; init; }
}
