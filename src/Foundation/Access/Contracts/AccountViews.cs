namespace Merlon.Access.Contracts;

/// <summary>A person's own account, as they see it.</summary>
/// <param name="IsMfaRequired">A role of theirs can change things.</param>
/// <param name="Provider">The identity provider that they sign in with; null for who signs in here.</param>
/// <param name="Prover">The provider where it can prove a second factor for this session.</param>
/// <param name="MfaAt">When this session last proved a second factor.</param>
public sealed record AccountView(
    string Principal, string Name, string Role, bool HasPassword, bool IsMfaRequired, bool HasTotp, int RecoveryCodesLeft,
    IReadOnlyList<PasskeyView> Passkeys, DateTimeOffset? MfaAt, string? Provider, string? Prover)
{
    public bool HasFactor => HasTotp || Passkeys.Count > 0;
}

public sealed record PasskeyView(string Id, string Name, DateTimeOffset CreatedAt, DateTimeOffset? LastUsedAt, bool IsBackedUp);

/// <param name="Secret">Base32, to type where a QR code cannot be read. Shown once.</param>
/// <param name="Address">The same for a QR code.</param>
public sealed record TotpEnrolment(string Secret, string Address)
{
    // Keeps the secret out of logs that print records.
    public override string ToString() => nameof(TotpEnrolment);
}

/// <summary>Shown once.</summary>
public sealed record RecoveryCodesView(IReadOnlyList<string> RecoveryCodes)
{
    public override string ToString() => nameof(RecoveryCodesView);
}

/// <param name="Kind"><c>session</c> of a browser, or <c>token</c> of a command line.</param>
/// <param name="IsCurrent">The one that asks.</param>
public sealed record SessionView(
    string Id, string Kind, string Device, string Network, DateTimeOffset CreatedAt, DateTimeOffset? LastSeenAt, DateTimeOffset NotAfter, DateTimeOffset? MfaAt, bool IsCurrent);

/// <summary>What a browser's WebAuthn call takes, and the ticket that goes back with its answer.</summary>
public sealed record PasskeyCeremony(string Options, string Ticket);

/// <summary>What came of a step of a sign-in.</summary>
/// <param name="Ticket">For the second step; null when the person is signed in.</param>
public sealed record SignInProgress(string? Ticket);
