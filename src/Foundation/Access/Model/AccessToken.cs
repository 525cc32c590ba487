using Merlon.Kernel;

namespace Merlon.Access.Model;

/// <summary>
/// A principal's way in: a bearer token for the control API, or the session behind a browser's cookie. Only its hash is stored.
/// </summary>
internal sealed class AccessToken
{
    public required string Id { get; init; }
    public required string PrincipalId { get; init; }
    public required Digest SecretHash { get; set; }
    public required DateTimeOffset CreatedAt { get; init; }
    public required DateTimeOffset NotAfter { get; set; }
    public DateTimeOffset? RevokedAt { get; set; }

    /// <summary><see cref="Bearer"/> or <see cref="Browser"/>.</summary>
    public string Kind { get; init; } = Bearer;

    /// <summary>When the person last proved a second factor or a passkey here.</summary>
    public DateTimeOffset? MfaAt { get; set; }

    /// <summary>How the person proved who they are, in the terms of RFC 8176, separated by spaces.</summary>
    public string Methods { get; set; } = "";

    /// <summary>The only verbs that it is good for, separated by spaces; null for all that its principal has.</summary>
    public string? Verbs { get; init; }

    /// <summary>It ends when it was not used for so long; null when it does not.</summary>
    public int? IdleSeconds { get; init; }
    public DateTimeOffset? LastSeenAt { get; set; }

    /// <summary>What it was made on, for the person to recognise.</summary>
    public string Device { get; init; } = "";
    public string Network { get; set; } = "";

    /// <summary>The secret before the last rotation, good for the requests that were under way then.</summary>
    public Digest? PreviousHash { get; set; }
    public DateTimeOffset? RotatedAt { get; set; }

    /// <summary>The identity provider that the person came from, and its own session; null for who signed in here.</summary>
    public string? Provider { get; init; }
    public string? ProviderSession { get; init; }

    public const string Bearer = "token";
    public const string Browser = "session";

    public bool IsOverAt(DateTimeOffset now) =>
        RevokedAt is not null || NotAfter <= now || (IdleSeconds is { } idle && (LastSeenAt ?? CreatedAt).AddSeconds(idle) <= now);
}
