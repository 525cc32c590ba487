using Merlon.Access.Contracts;
using Merlon.Access.Model;
using Merlon.Access.People;
using Merlon.Kernel;

namespace Merlon.Access.Factors;

/// <summary>Checks a code from an authenticator, or a recovery code, and spends it. The caller saves.</summary>
internal sealed class FactorCheck(PeopleSecrets secrets, TimeProvider time)
{
    public const string Otp = "otp", Recovery = "recovery", HardwareKey = "hwk";

    public static readonly Refusal Wrong = new(RefusalKind.Unauthenticated, "factor.wrong", "This code is not right, or it was used before.")
    {
        Remedy = "Wait for the next code. Without the authenticator, use one of your recovery codes.",
    };

    /// <summary>The method that the code proves, in the terms of RFC 8176 (recovery codes have none there); null when it proves nothing.</summary>
    public async Task<string?> SpendAsync(Person person, string? code, CancellationToken cancellationToken)
    {
        var typed = code?.Replace(" ", "", StringComparison.Ordinal) ?? "";
        if (typed.Length == Totp.Digits && typed.All(char.IsAsciiDigit))
            return person.HasTotp && await SpendTotpAsync(person, typed, cancellationToken) ? Otp : null;
        if (typed.Length > 32 || !RecoveryCodes.LooksLikeOne(typed) || !await RecoveryCodes.UseAsync(person, secrets, typed, cancellationToken))
            return null;
        person.Revision++;
        return Recovery;
    }

    /// <summary>Spends a code of the authenticator, also of one that is not confirmed yet.</summary>
    public async Task<bool> SpendTotpAsync(Person person, string code, CancellationToken cancellationToken)
    {
        if (person.TotpSealed is null || code.Length != Totp.Digits)
            return false;
        var secret = await secrets.OpenAsync(person.PrincipalId, person.TotpSealed, cancellationToken);
        if (Totp.Match(secret, code, time.GetUtcNow(), person.TotpLastStep) is not { } step)
            return false;
        person.TotpLastStep = step;
        person.Revision++;
        return true;
    }
}
