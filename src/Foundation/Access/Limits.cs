namespace Merlon.Access;

/// <summary>All bounds on what an organisation may store about access, and on how it is asked for.</summary>
internal static class Limits
{
    public const int BindingsPerOrganisation = 10_000;
    /// <summary>Bindings that name one principal or group.</summary>
    public const int BindingsPerSubject = 200;
    public const int GroupsPerOrganisation = 1_000;
    public const int RolesPerOrganisation = 200;
    public const int Organisations = 1_000;
    public const int ProjectsPerOrganisation = 1_000;
    public const int WorkloadsPerOrganisation = 1_000;

    /// <summary>Characters of a certificate, or of a request for one, in PEM.</summary>
    public const int CertificatePem = 8_192;
    public const int MembersPerGroup = 5_000;

    /// <summary>Groups in one another, counted from the outermost.</summary>
    public const int GroupDepth = 8;

    /// <summary>Networks, environments or regions in one condition.</summary>
    public const int ConditionValues = 32;

    public const int PendingChanges = 100;
    public const int PageSize = 500;
    public const int IdempotencyKeyLength = 128;

    public const int PasswordLength = 128;
    public const int PasswordMinimum = 12;
    public const int SignInNameLength = 128;
    public const int PasskeysPerPerson = 20;
    public const int SessionsPerPerson = 100;
    public const int RecoveryCodes = 10;

    /// <summary>What a browser sends to prove a passkey.</summary>
    public const int PasskeyJson = 32_768;

    /// <summary>Steps of sign-ins under way at once, and command lines that wait for a browser.</summary>
    public const int Challenges = 10_000;
    public const int DeviceGrants = 1_000;

    /// <summary>Characters of the certificates, and bytes of an answer, of an outside issuer; characters of a token of it.</summary>
    public const int CaPem = 65_536;
    public const int IssuerAnswer = 1_048_576;
    public const int IssuedToken = 16_384;

    public const int IdentityProviders = 100;
    public const int Federations = 1_000;

    /// <summary>Groups that an identity provider may name for one person, and characters of one.</summary>
    public const int GroupsPerIdentity = 500;
    public const int GroupLength = 200;

    /// <summary>Characters of <c>group:PROVIDER/GROUP</c>, whose odd characters take three each.</summary>
    public const int GroupSubject = 700;

    /// <summary>Password checks that wait for their turn: of one network, and of all.</summary>
    public const int WaitingPerNetwork = 16;
    public const int Waiting = 1_024;
}
