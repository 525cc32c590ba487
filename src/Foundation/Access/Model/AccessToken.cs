using Merlon.Kernel;

namespace Merlon.Access.Model;

/// <summary>A bearer token of a principal for the control API. Only its hash is stored.</summary>
internal sealed class AccessToken
{
    public required string Id { get; init; }
    public required string PrincipalId { get; init; }
    public required Digest SecretHash { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public required DateTimeOffset NotAfter { get; set; }
    public DateTimeOffset? RevokedAt { get; set; }
}
