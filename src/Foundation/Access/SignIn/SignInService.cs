using Merlon.Access.Contracts;
using Merlon.Access.Factors;
using Merlon.Access.Model;
using Merlon.Access.People;
using Merlon.Access.Sessions;
using Merlon.Access.Sso;
using Merlon.Access.Storage;
using Merlon.Kernel;
using Microsoft.AspNetCore.Http;
using Microsoft.EntityFrameworkCore;

namespace Merlon.Access.SignIn;

/// <summary>What came of a step: a session, or the ticket of the next step and how it can be answered.</summary>
internal sealed record SignInStep(IssuedSession? Session, string? Ticket = null, string? DeviceMark = null);

/// <summary>
/// Signs people in by password and second factor. Known and unknown names cost the same and are answered the same.
/// 1. Locked: nothing is checked. 2. The password, at its cost. 3. A second factor, where the person has one. 4. The session, and its event.
/// </summary>
internal sealed class SignInService(
    AccessDb db, Passwords passwords, FactorCheck factors, SignInBook book, SessionIssuer sessions, TrustedDevices devices)
{
    private const string FactorStep = "factor";
    private const string ProviderMethod = "sso";

    public static readonly Refusal Failed = new(RefusalKind.Unauthenticated, "signin.failed", "The name or the password is not right.");
    private static readonly Refusal s_elsewhere = new(RefusalKind.Forbidden, "signin.provider", "You sign in with your identity provider.") { Remedy = "Choose it on the sign-in page." };

    public async Task<Result<SignInStep>> PasswordAsync(string? name, string? password, string kind, SignInOrigin origin, CancellationToken cancellationToken)
    {
        if (name is null || password is null || name.Length > Limits.SignInNameLength || password.Length > Limits.PasswordLength)
            return Failed;
        var principal = await FindAsync(name, cancellationToken);
        var person = principal is null ? null : await db.People.SingleOrDefaultAsync(p => p.PrincipalId == principal.Id, cancellationToken);
        origin = await TrustAsync(origin, principal, cancellationToken);
        // 1
        if (await book.LockedAsync(origin, name, cancellationToken) is { } locked)
            return locked;
        // 2
        if (!(await passwords.VerifyAsync(person, password, origin.Lane, origin.TrustedDevice is not null, cancellationToken)).Try(out var matches, out var busy))
            return busy;
        if (!matches || principal is null || person is null || await IsOfProviderAsync(principal, cancellationToken))
        {
            await book.FailedAsync(origin, name, principal, "signin.failed", cancellationToken);
            return Failed;
        }
        // 3
        if (person.HasTotp || await db.Passkeys.AnyAsync(p => p.PrincipalId == principal.Id, cancellationToken))
            return (await book.Challenges.AddAsync(FactorStep, principal.Id, name, cancellationToken)).Try(out var ticket, out var full) ? new SignInStep(null, ticket) : full;
        // 4
        return await CompleteAsync(principal, name, kind, origin, "pwd", null, cancellationToken);
    }

    /// <summary>Answers the second step with a code of the authenticator or a recovery code.</summary>
    public async Task<Result<SignInStep>> FactorAsync(string? ticket, string? code, string kind, SignInOrigin origin, CancellationToken cancellationToken)
    {
        if (!(await book.Challenges.PeekAsync(FactorStep, ticket, cancellationToken)).Try(out var challenge, out var refusal))
            return refusal;
        // The name, and after a provider's word its name and session.
        var state = challenge.State.Split('\n');
        var (name, link) = (state[0], state.Length == 3 ? new ProviderLink(state[1], state[2].Length == 0 ? null : state[2]) : null);
        var principal = await db.Principals.SingleAsync(p => p.Id == challenge.PrincipalId, cancellationToken);
        origin = await TrustAsync(origin, principal, cancellationToken);
        if (await book.LockedAsync(origin, name, cancellationToken) is { } locked)
            return locked;
        var person = await db.People.SingleAsync(p => p.PrincipalId == principal.Id, cancellationToken);
        if (principal.DisabledAt is not null || await factors.SpendAsync(person, code, cancellationToken) is not { } method)
        {
            await book.FailedAsync(origin, name, principal, FactorCheck.Wrong.Code, cancellationToken);
            return FactorCheck.Wrong;
        }
        if (!(await book.Challenges.TakeAsync(FactorStep, ticket, cancellationToken)).Try(out _, out var gone))
            return gone;
        return await CompleteAsync(principal, name, kind, origin, $"{(link is null ? "pwd" : ProviderMethod)} {method}", book.Now, cancellationToken, link);
    }

    /// <summary>A passkey that verified its user is both factors at once (NIST SP 800-63B, section 5.1.8); no name is asked for.</summary>
    public async Task<Result<SignInStep>> PasskeyAsync(
        PasskeyService passkeys, string? ticket, string? credential, string kind, SignInOrigin origin, HttpContext context, CancellationToken cancellationToken)
    {
        if (!(await passkeys.FinishProofAsync(ticket, credential, context, cancellationToken)).Try(out var person, out var wrong))
        {
            await book.FailedAsync(origin with { TrustedDevice = null }, "\npasskey", null, wrong.Code, cancellationToken);
            return wrong;
        }
        var principal = await db.Principals.SingleAsync(p => p.Id == person.PrincipalId, cancellationToken);
        if (principal.DisabledAt is not null)
            return PasskeyService.Wrong;
        if (await IsOfProviderAsync(principal, cancellationToken))
            return s_elsewhere;
        return await CompleteAsync(principal, principal.Name, kind, origin with { TrustedDevice = null }, FactorCheck.HardwareKey + " user", book.Now, cancellationToken);
    }

    /// <summary>An identity provider vouches for the person. Where its word for a second factor is not taken, they show their own.</summary>
    /// <param name="principal">Whom it vouches for.</param>
    /// <param name="link">Which provider.</param>
    /// <param name="mfaAt">When it saw a second factor, where that counts.</param>
    /// <param name="kind">The kind of session.</param>
    /// <param name="origin">Where they sign in.</param>
    /// <param name="cancellationToken">Stops before anything is stored.</param>
    public async Task<Result<SignInStep>> ProviderAsync(
        Principal principal, ProviderLink link, DateTimeOffset? mfaAt, string kind, SignInOrigin origin, CancellationToken cancellationToken)
    {
        var isLocal = mfaAt is null && (await db.People.AnyAsync(p => p.PrincipalId == principal.Id && p.TotpConfirmedAt != null, cancellationToken)
            || await db.Passkeys.AnyAsync(p => p.PrincipalId == principal.Id, cancellationToken));
        if (!isLocal)
            return await CompleteAsync(principal, principal.Name, kind, origin, mfaAt is null ? ProviderMethod : ProviderMethod + " mfa", mfaAt, cancellationToken, link);
        var state = string.Join('\n', principal.Name, link.Provider, link.Session);
        return (await book.Challenges.AddAsync(FactorStep, principal.Id, state, cancellationToken)).Try(out var ticket, out var full) ? new SignInStep(null, ticket) : full;
    }

    public DateTimeOffset Now => book.Now;

    /// <summary>The session of a person who has proved who they are.</summary>
    public async Task<Result<SignInStep>> CompleteAsync(
        Principal principal, string account, string kind, SignInOrigin origin, string methods, DateTimeOffset? mfaAt, CancellationToken cancellationToken,
        ProviderLink? link = null)
    {
        var session = await sessions.IssueAsync(principal, kind, origin, methods, mfaAt, cancellationToken, link);
        if (mfaAt is not null)
            await ProvedAsync(principal, cancellationToken);
        try
        {
            await db.CommitAsync(book.SignedIn(session, origin), cancellationToken);
        }
        catch (DbUpdateConcurrencyException)
        {
            // The same code, twice at once: the other one won.
            return FactorCheck.Wrong;
        }
        await book.SucceededAsync(origin, account, cancellationToken);
        return new SignInStep(session, DeviceMark: await devices.MarkAsync(principal.Id, cancellationToken));
    }

    /// <summary>The person has shown a second factor of their own, here or at their provider. Who comes from a provider may have nothing else here.</summary>
    private async Task ProvedAsync(Principal principal, CancellationToken cancellationToken)
    {
        if (await db.People.FindAsync([principal.Id], cancellationToken) is not { } person)
            db.People.Add(person = new Person { PrincipalId = principal.Id });
        person.ProvedAt ??= book.Now;
    }

    /// <summary>Who has a provider signs in there only: otherwise whoever left there could still come in here.</summary>
    public Task<bool> IsOfProviderAsync(Principal principal, CancellationToken cancellationToken) => db.Identities.AnyAsync(i => i.PrincipalId == principal.Id, cancellationToken);

    /// <summary>Whether a code that enrols may be tried from here; failures are counted for the network alone, since anyone may try any code.</summary>
    public Task<Refusal?> LockedAsync(SignInOrigin origin, CancellationToken cancellationToken) => book.LockedAsync(origin, null, cancellationToken);

    public async Task<Refusal> CodeFailedAsync(SignInOrigin origin, CancellationToken cancellationToken)
    {
        await book.FailedAsync(origin, null, null, Failed.Code, cancellationToken);
        return Failed;
    }

    /// <summary>People sign in as NAME in the organisation of the first start, and as NAME@ORGANIZATION in others; the default project's come first.</summary>
    private async Task<Principal?> FindAsync(string text, CancellationToken cancellationToken)
    {
        var (name, organisation) = (text, Scope.Default.Organisation);
        if (text.LastIndexOf('@') is > 0 and var at)
        {
            var (who, where) = (text[..at], text[(at + 1)..]);
            (name, organisation) = (who, await db.Organisations.Where(o => o.Name == where).Select(o => o.Id).SingleOrDefaultAsync(cancellationToken));
        }
        var found = await db.Principals.Where(p => p.Organisation == organisation && p.Name == name && p.Kind == Principal.Person && p.DisabledAt == null).ToListAsync(cancellationToken);
        return found.OrderBy(p => p.Project != Scope.Default.Project).ThenBy(p => p.CreatedAt).FirstOrDefault();
    }

    private async Task<SignInOrigin> TrustAsync(SignInOrigin origin, Principal? principal, CancellationToken cancellationToken) =>
        principal is not null && await devices.IsOfAsync(origin.TrustedDevice, principal.Id, cancellationToken) ? origin : origin with { TrustedDevice = null };
}
