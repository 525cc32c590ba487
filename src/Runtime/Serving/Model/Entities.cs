using System.Text.Json;
using Merlon.Kernel;
using Merlon.Serving.Contracts;

namespace Merlon.Serving.Model;

/// <summary>A name that clients call, in one environment, pointing at one revision.</summary>
internal sealed class Endpoint
{
    public required Guid Id { get; init; }
    public required Guid Organisation { get; init; }
    public required Guid Project { get; init; }
    public required string Name { get; init; }
    public required string Environment { get; init; }
    public Guid? CurrentRevisionId { get; set; }
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>Guards against two switches at once.</summary>
    public int Revision { get; set; }

    public string? RestrictionsJson { get; set; }

    public EndpointRestrictions? Restrictions => RestrictionsJson is null ? null : JsonSerializer.Deserialize<EndpointRestrictions>(RestrictionsJson);

    public Scope Scope => new(Organisation, Project);
}

internal enum RevisionState
{
    Starting,
    Active,

    /// <summary>Replaced; still runs for the calls in flight.</summary>
    Draining,
    Retired,
    Failed,
}

/// <summary>
/// An immutable deployment: manifest digest, contract digest, policy digest, configuration. Only <see cref="State"/> and its times move;
/// any other change is a new revision.
/// </summary>
internal sealed class Revision
{
    public required Guid Id { get; init; }
    public required Guid EndpointId { get; init; }
    public required int Number { get; init; }
    public required Guid VersionId { get; init; }
    public required string Model { get; init; }
    public required int ModelVersion { get; init; }
    public required Digest Manifest { get; init; }
    public required Digest ContractDigest { get; init; }
    public required string ContractJson { get; init; }
    public required Digest PolicyDigest { get; init; }
    public required Guid VerdictId { get; init; }
    public required string MainFile { get; init; }
    public required bool RequiresFullIsolation { get; init; }
    public required string ResourcesJson { get; init; }
    public required string Author { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public RevisionState State { get; set; }
    public DateTimeOffset? ActivatedAt { get; set; }

    /// <summary>When it was last replaced; tells one drain from a later one.</summary>
    public DateTimeOffset? DrainingSince { get; set; }
    public string? Problem { get; set; }
    public Endpoint? Endpoint { get; init; }
}
