using Merlon.Kernel;

namespace Merlon.Access.Model;

/// <summary>A machine that proves itself with a certificate. Rights come from bindings, as for everyone.</summary>
internal sealed class Workload
{
    /// <summary>Pseudonymous id, as it stands in events and in the certificate's name.</summary>
    public required string Principal { get; init; }
    public required Guid Organisation { get; init; }
    public required Guid Project { get; init; }
    public required string Name { get; init; }
    public required string SpiffeId { get; init; }
    public required byte[] SubjectPublicKey { get; init; }

    /// <summary>Life of each of its certificates.</summary>
    public required int LifeSeconds { get; init; }
    public required string CreatedBy { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public DateTimeOffset? RevokedAt { get; set; }

    /// <summary>Guards against two renewals at once: the second one's save fails.</summary>
    public int Revision { get; set; }

    public Scope Scope => new(Organisation, Project);

    public const string PrincipalPrefix = "w_";

    /// <summary>How it is named among the principals of bindings.</summary>
    public const string NamePrefix = "workload:";
}

internal sealed class WorkloadCertificate
{
    /// <summary>SHA-256 of the DER.</summary>
    public required Digest Digest { get; init; }
    public required string Principal { get; init; }

    /// <summary>SHA-256 of the SPKI: a renewal that is sent again is known by it.</summary>
    public required Digest PublicKeyHash { get; init; }
    public required string Pem { get; init; }
    public required DateTimeOffset IssuedAt { get; init; }
    public required DateTimeOffset NotAfter { get; set; }
}
