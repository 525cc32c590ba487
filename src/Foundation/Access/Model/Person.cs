namespace Merlon.Access.Model;

/// <summary>What a person signs in with. The user of ASP.NET Core Identity.</summary>
internal sealed class Person
{
    public required string PrincipalId { get; init; }

    /// <summary>In the form of Identity's hasher, which carries its own cost.</summary>
    public string? PasswordHash { get; set; }
    public DateTimeOffset? PasswordChangedAt { get; set; }

    /// <summary>The authenticator's secret, sealed for this principal.</summary>
    public byte[]? TotpSealed { get; set; }

    /// <summary>Null until a first code was shown to be right.</summary>
    public DateTimeOffset? TotpConfirmedAt { get; set; }

    /// <summary>The newest time step whose code was used; none before it is taken again (RFC 6238, section 5.2).</summary>
    public long TotpLastStep { get; set; }

    /// <summary>Keyed hashes of the recovery codes that are left, separated by spaces.</summary>
    public string RecoveryHashes { get; set; } = "";

    /// <summary>When the person first signed in with a second factor of their own, and not with a code that someone gave them.</summary>
    public DateTimeOffset? ProvedAt { get; set; }

    /// <summary>Guards against two uses of one code at once: the second one's save fails.</summary>
    public int Revision { get; set; }

    public bool HasTotp => TotpConfirmedAt is not null;
    public int RecoveryCodesLeft => RecoveryHashes.Length == 0 ? 0 : RecoveryHashes.Count(c => c == ' ') + 1;
}

/// <summary>A WebAuthn credential of a person.</summary>
internal sealed class Passkey
{
    /// <summary>Base64url.</summary>
    public required string CredentialId { get; init; }
    public required string PrincipalId { get; init; }
    public required string Name { get; set; }
    public required byte[] PublicKey { get; init; }
    public required long SignCount { get; set; }
    public required string Transports { get; init; }
    public required bool IsUserVerified { get; set; }
    public required bool IsBackupEligible { get; init; }
    public required bool IsBackedUp { get; set; }
    public required byte[] AttestationObject { get; init; }
    public required byte[] ClientDataJson { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public DateTimeOffset? LastUsedAt { get; set; }
}
