using Merlon.Kernel;

namespace Merlon.Access.Model;

/// <summary>A caller's key for one endpoint. Only its hash is stored.</summary>
internal sealed class ApiKey
{
    public required string KeyId { get; init; }
    public required Guid Organisation { get; init; }
    public required Guid Project { get; init; }
    public required string Name { get; init; }
    public required Guid EndpointId { get; init; }
    public required string EndpointName { get; init; }
    public required Digest SecretHash { get; init; }

    /// <summary>Pseudonymous id of the caller, as it stands in events.</summary>
    public required string Principal { get; init; }
    public required byte[] SubjectPublicKey { get; init; }
    public double? RatePerSecond { get; init; }
    public required string CreatedBy { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public required DateTimeOffset NotAfter { get; set; }

    /// <summary>The key that took its place; this one goes on until <see cref="NotAfter"/>.</summary>
    public string? ReplacedBy { get; set; }
    public DateTimeOffset? RevokedAt { get; set; }

    /// <summary>How the key is named among the principals of bindings.</summary>
    public const string NamePrefix = "key:";

    public const string PrincipalPrefix = "c_";

    public Scope Scope => new(Organisation, Project);
}
