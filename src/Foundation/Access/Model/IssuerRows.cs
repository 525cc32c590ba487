using Merlon.Kernel;

namespace Merlon.Access.Model;

/// <summary>An OpenID Connect provider that people of an organisation sign in with.</summary>
internal sealed class ProviderRow
{
    /// <summary>Unique in the installation: it stands in addresses that are used before anybody is known.</summary>
    public required string Name { get; init; }
    public required Guid Organisation { get; init; }

    /// <summary>Where new people are made.</summary>
    public required Guid Project { get; init; }
    public required string Issuer { get; set; }
    public string? CaPem { get; set; }
    public required string ClientId { get; set; }
    public byte[]? ClientSecretSealed { get; set; }

    /// <summary><see cref="Sso.ProviderSettings"/> as JSON.</summary>
    public required string Settings { get; set; }

    /// <summary>Who connected it. The people who come from it hang on this one until they have shown to be others.</summary>
    public required string CreatedBy { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public required int Revision { get; set; }

    public Scope Scope => new(Organisation, Project);
}

/// <summary>Ties a subject of a provider to a person here. Who has one signs in there and nowhere else.</summary>
internal sealed class IdentityRow
{
    public required string Provider { get; init; }
    public required string Subject { get; init; }
    public required string PrincipalId { get; init; }

    /// <summary>The provider's groups at the last sign-in, percent-encoded, separated by spaces.</summary>
    public required string Groups { get; set; }
    public required DateTimeOffset CreatedAt { get; init; }
    public DateTimeOffset? LastAt { get; set; }
}

/// <summary>A token that was good once.</summary>
internal sealed class UsedToken
{
    public required Digest Id { get; init; }
    public required DateTimeOffset NotAfter { get; init; }
}

/// <summary>Trust in an outside issuer: its tokens with these claims become short-lived tokens of a service.</summary>
internal sealed class FederationRow
{
    /// <summary>The client id of OAuth.</summary>
    public required string Id { get; init; }
    public required Guid Organisation { get; init; }
    public required Guid Project { get; init; }
    public required string Name { get; init; }
    public required string Issuer { get; set; }
    public string? CaPem { get; set; }
    public required string Audience { get; set; }

    /// <summary>Claim to wanted value, as JSON.</summary>
    public required string Claims { get; set; }
    public required string ServiceId { get; init; }

    /// <summary>The only verbs of its tokens, separated by spaces.</summary>
    public required string Verbs { get; set; }
    public required int LifeSeconds { get; set; }
    public required string CreatedBy { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public required int Revision { get; set; }

    public const string IdPrefix = "f_";

    public Scope Scope => new(Organisation, Project);
}
