using Merlon.Kernel;

namespace Merlon.Access.Model;

/// <summary>A person or a service. Events carry only its pseudonymous <see cref="Id"/>.</summary>
internal sealed class Principal
{
    public required string Id { get; init; }
    public required Guid Organisation { get; init; }
    public required Guid Project { get; init; }
    public required string Name { get; init; }

    /// <summary><c>person</c>, <c>service</c> or <c>break-glass</c>.</summary>
    public required string Kind { get; init; }

    /// <summary>The person who answers for a service.</summary>
    public string? OwnerId { get; set; }

    /// <summary>Who made it; null where nobody did, as at the first start.</summary>
    public string? CreatedBy { get; init; }

    /// <summary>Who last gave it a new enrolment code, and when.</summary>
    public string? InvitedBy { get; set; }
    public DateTimeOffset? InvitedAt { get; set; }

    /// <summary>P-256 public key (SPKI) with which this subject's personal fields are sealed.</summary>
    public required byte[] SubjectPublicKey { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public DateTimeOffset? DisabledAt { get; set; }

    public Scope Scope => new(Organisation, Project);

    public const string Person = "person";
    public const string Service = "service";

    public static string NewId() => "p_" + Guid.CreateVersion7().ToString("n");
}
