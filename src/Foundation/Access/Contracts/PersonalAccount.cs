using System.Security.Cryptography;
using Merlon.Access.Factors;
using Merlon.Access.Model;
using Merlon.Access.People;
using Merlon.Access.Sessions;
using Merlon.Access.SignIn;
using Merlon.Access.Sso;
using Merlon.Access.Storage;
using Merlon.Kernel;
using Microsoft.AspNetCore.Http;
using Microsoft.EntityFrameworkCore;

namespace Merlon.Access.Contracts;

/// <summary>
/// What a person does to their own account. Who has a factor proves it freshly before anything here changes; who has none may enrol the first.
/// </summary>
public sealed class PersonalAccount
{
    private const int PasswordChange = 3, MfaEnable = 10, MfaDisable = 11;
    private readonly AccessDb _db;
    private readonly PeopleSecrets _secrets;
    private readonly FactorCheck _factors;
    private readonly PasskeyService _passkeys;
    private readonly AccountKeeper _keeper;
    private readonly Passwords _passwords;

    internal PersonalAccount(AccessDb db, PeopleSecrets secrets, FactorCheck factors, PasskeyService passkeys, AccountKeeper keeper, Passwords passwords) =>
        (_db, _secrets, _factors, _passkeys, _keeper, _passwords) = (db, secrets, factors, passkeys, keeper, passwords);

    private static readonly Refusal s_peopleOnly = new(RefusalKind.Forbidden, "account.people-only", "Only people have passwords and second factors.");
    private static readonly Refusal s_ofProvider = new(RefusalKind.Conflict, "account.provider", "You sign in with your identity provider, so a password would be of no use here.");

    public async Task<Result<AccountView>> ShowAsync(Caller caller, CancellationToken cancellationToken)
    {
        var principal = await _db.Principals.AsNoTracking().SingleAsync(p => p.Id == caller.Id, cancellationToken);
        if (principal.Kind != Principal.Person)
            return s_peopleOnly;
        var person = await _db.People.AsNoTracking().SingleOrDefaultAsync(p => p.PrincipalId == caller.Id, cancellationToken);
        var passkeys = await _db.Passkeys.AsNoTracking().Where(p => p.PrincipalId == caller.Id).OrderBy(p => p.CreatedAt).ToListAsync(cancellationToken);
        return new AccountView(
            caller.Id, principal.Name, caller.Role, person?.PasswordHash is not null, MfaRules.IsRequiredFor(caller.Snapshot, caller.Id), person?.HasTotp == true,
            person?.RecoveryCodesLeft ?? 0, passkeys.ConvertAll(p => new PasskeyView(p.CredentialId, p.Name, p.CreatedAt, p.LastUsedAt, p.IsBackedUp)), caller.Session.MfaAt,
            await _db.Identities.AsNoTracking().Where(i => i.PrincipalId == caller.Id).Select(i => i.Provider).SingleOrDefaultAsync(cancellationToken),
            await Provers.OfAsync(_db, caller.Session.TokenId, cancellationToken));
    }

    /// <summary>Sets the password; the other sessions end.</summary>
    public async Task<Result<Unit>> SetPasswordAsync(Caller caller, string? password, HttpContext context, CancellationToken cancellationToken)
    {
        if (!(await OpenAsync(caller, cancellationToken)).Try(out var account, out var refusal))
            return refusal;
        if (await _db.Identities.AnyAsync(i => i.PrincipalId == caller.Id, cancellationToken))
            return s_ofProvider;
        if (Passwords.Check(password, account.Principal.Name) is { } weak)
            return weak;
        if (!(await _passwords.HashAsync(account.Person, password!, SignInOrigin.Of(context).Lane, cancellationToken)).Try(out var hash, out var busy))
            return busy;
        (account.Person.PasswordHash, account.Person.PasswordChangedAt) = (hash, _keeper.Now);
        account.Person.Revision++;
        var ended = await _keeper.EndOthersAsync(caller, onlyWeak: false, cancellationToken);
        return await _keeper.CommitAsync(caller, PasswordChange, "account.password", $"Password set; {ended} other sessions ended.", cancellationToken);
    }

    /// <summary>A new secret for an authenticator app; in force once a code of it was shown.</summary>
    public async Task<Result<TotpEnrolment>> BeginTotpAsync(Caller caller, CancellationToken cancellationToken)
    {
        if (!(await OpenAsync(caller, cancellationToken)).Try(out var account, out var refusal))
            return refusal;
        if (account.Person.HasTotp)
            return new Refusal(RefusalKind.Conflict, "totp.enrolled", "There is an authenticator already.") { Remedy = "Remove it first: merlon mfa remove totp" };
        var secret = RandomNumberGenerator.GetBytes(Totp.SecretSize);
        account.Person.TotpSealed = await _secrets.SealAsync(caller.Id, secret, cancellationToken);
        account.Person.TotpLastStep = 0;
        account.Person.Revision++;
        await _db.SaveChangesAsync(cancellationToken);
        return new TotpEnrolment(Totp.Text(secret), Totp.Address(secret, "Merlon", account.Principal.Name));
    }

    /// <summary>Puts the authenticator in force and gives the recovery codes.</summary>
    public async Task<Result<RecoveryCodesView>> ConfirmTotpAsync(Caller caller, string? code, HttpContext context, CancellationToken cancellationToken)
    {
        if (!(await OpenAsync(caller, cancellationToken)).Try(out var account, out var refusal))
            return refusal;
        if (await _keeper.LockedAsync(caller, context, cancellationToken) is { } locked)
            return locked;
        if (account.Person.HasTotp || !await _factors.SpendTotpAsync(account.Person, code?.Replace(" ", "", StringComparison.Ordinal) ?? "", cancellationToken))
            return await _keeper.FailedAsync(caller, context, FactorCheck.Wrong, cancellationToken);
        account.Person.TotpConfirmedAt = _keeper.Now;
        return await EnrolledAsync(caller, account.Person, FactorCheck.Otp, "totp", cancellationToken);
    }

    public async Task<Result<PasskeyCeremony>> BeginPasskeyAsync(Caller caller, HttpContext context, CancellationToken cancellationToken)
    {
        if (!(await OpenAsync(caller, cancellationToken)).Try(out var account, out var refusal))
            return refusal;
        return (await _passkeys.BeginEnrolAsync(account.Principal, context, cancellationToken)).Try(out var options, out var full) ? new PasskeyCeremony(options.Options, options.Ticket) : full;
    }

    /// <returns>Recovery codes where this was the first factor; otherwise none.</returns>
    public async Task<Result<RecoveryCodesView>> FinishPasskeyAsync(Caller caller, string? ticket, string? credential, string? name, HttpContext context, CancellationToken cancellationToken)
    {
        if (!(await OpenAsync(caller, cancellationToken)).Try(out var account, out var refusal))
            return refusal;
        return (await _passkeys.FinishEnrolAsync(account.Person, ticket, credential, name, context, cancellationToken)).Try(out _, out var wrong)
            ? await EnrolledAsync(caller, account.Person, FactorCheck.HardwareKey, "passkey", cancellationToken)
            : wrong;
    }

    /// <summary>Takes the authenticator out of force.</summary>
    public Task<Result<Unit>> RemoveTotpAsync(Caller caller, CancellationToken cancellationToken) => RemoveAsync(caller, "totp", account =>
    {
        if (!account.Person.HasTotp)
            return Task.FromResult(false);
        (account.Person.TotpSealed, account.Person.TotpConfirmedAt, account.Person.TotpLastStep) = (null, null, 0);
        account.Person.Revision++;
        return Task.FromResult(true);
    }, cancellationToken);

    public Task<Result<Unit>> RemovePasskeyAsync(Caller caller, string id, CancellationToken cancellationToken) => RemoveAsync(caller, "passkey", async account =>
    {
        if (await _db.Passkeys.SingleOrDefaultAsync(p => p.CredentialId == id && p.PrincipalId == caller.Id, cancellationToken) is not { } passkey)
            return false;
        _db.Passkeys.Remove(passkey);
        account.Person.Revision++;
        return true;
    }, cancellationToken);

    /// <summary>New recovery codes; the old ones end.</summary>
    public async Task<Result<RecoveryCodesView>> RenewRecoveryCodesAsync(Caller caller, CancellationToken cancellationToken)
    {
        if (!(await OpenAsync(caller, cancellationToken)).Try(out var account, out var refusal))
            return refusal;
        var codes = await RecoveryCodes.RenewAsync(account.Person, _secrets, cancellationToken);
        account.Person.Revision++;
        return (await _keeper.CommitAsync(caller, ControlEvents.Update, "account.recovery-codes", "New recovery codes; the old ones ended.", cancellationToken)).Try(out _, out var stale)
            ? new RecoveryCodesView(codes)
            : stale;
    }

    /// <summary>Proves the second factor again on this session.</summary>
    public async Task<Result<Unit>> VerifyAsync(Caller caller, string? code, HttpContext context, CancellationToken cancellationToken)
    {
        if (await _keeper.LockedAsync(caller, context, cancellationToken) is { } locked)
            return locked;
        if (await _db.People.SingleOrDefaultAsync(p => p.PrincipalId == caller.Id, cancellationToken) is not { } person || await _factors.SpendAsync(person, code, cancellationToken) is not { } method)
            return await _keeper.FailedAsync(caller, context, FactorCheck.Wrong, cancellationToken);
        return await _keeper.VerifiedAsync(caller, method, context, cancellationToken);
    }

    public async Task<Result<PasskeyCeremony>> BeginVerifyAsync(Caller caller, HttpContext context, CancellationToken cancellationToken)
    {
        if (await _db.People.AsNoTracking().SingleOrDefaultAsync(p => p.PrincipalId == caller.Id, cancellationToken) is not { } person)
            return s_peopleOnly;
        return (await _passkeys.BeginProofAsync(person, context, cancellationToken)).Try(out var options, out var full) ? new PasskeyCeremony(options.Options, options.Ticket) : full;
    }

    public async Task<Result<Unit>> FinishVerifyAsync(Caller caller, string? ticket, string? credential, HttpContext context, CancellationToken cancellationToken)
    {
        if (!(await _passkeys.FinishProofAsync(ticket, credential, context, cancellationToken)).Try(out var person, out var wrong))
            return wrong;
        return person.PrincipalId == caller.Id ? await _keeper.VerifiedAsync(caller, FactorCheck.HardwareKey, context, cancellationToken) : PasskeyService.Wrong;
    }

    private async Task<Result<RecoveryCodesView>> EnrolledAsync(Caller caller, Person person, string method, string what, CancellationToken cancellationToken)
    {
        // The first factor brings the codes for the day it is lost.
        var codes = person.RecoveryCodesLeft == 0 ? await RecoveryCodes.RenewAsync(person, _secrets, cancellationToken) : [];
        person.Revision++;
        await _keeper.StrengthenAsync(caller, method, cancellationToken);
        await _keeper.EndOthersAsync(caller, onlyWeak: true, cancellationToken);
        return (await _keeper.CommitAsync(caller, MfaEnable, $"{what}.enrol", $"Enrolled: {what}.", cancellationToken)).Try(out _, out var stale) ? new RecoveryCodesView(codes) : stale;
    }

    private async Task<Result<Unit>> RemoveAsync(Caller caller, string what, Func<Account, Task<bool>> remove, CancellationToken cancellationToken)
    {
        if (!(await OpenAsync(caller, cancellationToken)).Try(out var account, out var refusal))
            return refusal;
        var factors = (account.Person.HasTotp ? 1 : 0) + await _db.Passkeys.CountAsync(p => p.PrincipalId == caller.Id, cancellationToken);
        if (factors <= 1 && MfaRules.IsRequiredFor(caller.Snapshot, caller.Id))
            return new Refusal(RefusalKind.Conflict, "factor.last", "Your role needs a second factor, and this is the only one.") { Remedy = "Enrol another one first." };
        if (!await remove(account))
            return new Refusal(RefusalKind.NotFound, "factor.unknown", $"There is no such {what}.");
        return await _keeper.CommitAsync(caller, MfaDisable, $"{what}.remove", $"Removed: {what}.", cancellationToken);
    }

    /// <summary>The account, open for a change.</summary>
    private async Task<Result<Account>> OpenAsync(Caller caller, CancellationToken cancellationToken)
    {
        var principal = await _db.Principals.SingleAsync(p => p.Id == caller.Id, cancellationToken);
        if (principal.Kind != Principal.Person)
            return s_peopleOnly;
        var person = await _db.People.SingleOrDefaultAsync(p => p.PrincipalId == caller.Id, cancellationToken);
        if (person is null)
            _db.People.Add(person = new Person { PrincipalId = caller.Id });
        var hasFactor = person.HasTotp || await _db.Passkeys.AnyAsync(p => p.PrincipalId == caller.Id, cancellationToken);
        return hasFactor && MfaRules.IsStale(caller.Session, _keeper.Now) ? MfaRules.StepUpNeeded : new Account(principal, person);
    }

    private sealed record Account(Principal Principal, Person Person);
}
