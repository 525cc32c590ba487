using Merlon.Kernel;

namespace Merlon.Access.Model;

/// <summary>A step of a sign-in that waits for the next. Taking it removes it.</summary>
internal sealed class Challenge
{
    public required string Id { get; init; }
    public required Digest SecretHash { get; init; }
    public required string Purpose { get; init; }
    public string? PrincipalId { get; init; }
    public required string State { get; init; }
    public required DateTimeOffset NotAfter { get; init; }
}

/// <summary>Failed sign-ins of one account, device or network.</summary>
internal sealed class FailureRow
{
    public required Digest Key { get; init; }
    public required int Count { get; set; }
    public required DateTimeOffset LastAt { get; set; }
    public required DateTimeOffset LockedUntil { get; set; }
}

/// <summary>A command line that waits for a person with a browser (RFC 8628).</summary>
internal sealed class DeviceGrant
{
    public required string Id { get; init; }
    public required Digest SecretHash { get; init; }
    public required Digest UserCodeHash { get; init; }
    public required string Device { get; init; }
    public required DateTimeOffset NotAfter { get; init; }
    public string? PrincipalId { get; set; }
    public DateTimeOffset? MfaAt { get; set; }
    public string Methods { get; set; } = "";
    public bool IsDenied { get; set; }
    public string? Provider { get; set; }
    public string? ProviderSession { get; set; }
}
