using Merlon.Kernel;

namespace Merlon.Access.Model;

/// <summary>An organisation's sealed way in. Only the hash of its credential is kept.</summary>
internal sealed class BreakGlassRow
{
    public required Guid Organisation { get; init; }
    public required string PrincipalId { get; init; }
    public required string CredentialId { get; set; }
    public required Digest SecretHash { get; set; }
    public required string SealedBy { get; set; }
    public required DateTimeOffset SealedAt { get; set; }

    /// <summary>How long it gives the rights of an owner once it is opened.</summary>
    public required int LifeSeconds { get; set; }
    public DateTimeOffset? OpenedAt { get; set; }
    public DateTimeOffset? OpenUntil { get; set; }

    /// <summary>Guards against two openings at once: the second one's save fails.</summary>
    public int Revision { get; set; }

    /// <summary>Its principal's id begins so: it is nobody, and never counts as an owner who is there.</summary>
    public const string PrincipalPrefix = "bg_";
    public const string Kind = "break-glass";
    public const string Name = "break-glass";
}
