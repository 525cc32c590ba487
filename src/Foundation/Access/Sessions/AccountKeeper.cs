using Merlon.Access.Contracts;
using Merlon.Access.Factors;
using Merlon.Access.SignIn;
using Merlon.Access.Storage;
using Merlon.Kernel;
using Microsoft.AspNetCore.Http;
using Microsoft.EntityFrameworkCore;

namespace Merlon.Access.Sessions;

/// <summary>What every change of one's own account does besides: count failures, strengthen or end sessions, and tell of it.</summary>
internal sealed class AccountKeeper(AccessDb db, FailureLog failures, SessionIssuer sessions, ControlEvents events, TimeProvider time)
{
    private const int Logon = 1;

    public DateTimeOffset Now => time.GetUtcNow();

    // Apart from sign-ins: who stole a session must not be able to lock its owner out.
    private static string AccountOf(Caller caller) => "verify\n" + caller.Id;

    public async Task<Refusal?> LockedAsync(Caller caller, HttpContext context, CancellationToken cancellationToken) =>
        await failures.LockedForAsync(SignInOrigin.Of(context), AccountOf(caller), cancellationToken) is { } wait ? FailureLog.Locked(wait) : null;

    public async Task<Refusal> FailedAsync(Caller caller, HttpContext context, Refusal refusal, CancellationToken cancellationToken)
    {
        db.ChangeTracker.Clear();
        var locked = await failures.FailedAsync(SignInOrigin.Of(context), AccountOf(caller), cancellationToken);
        await db.CommitAsync(events.By(caller, OcsfClass.Authentication, Logon, "factor.failed", new EventResource("session", caller.Session.TokenId)) with
        {
            Status = EventStatus.Failure,
            StatusCode = refusal.Code,
            Severity = locked ? EventSeverity.Medium : EventSeverity.Low,
        }, cancellationToken);
        return refusal;
    }

    /// <summary>The session has just proved a second factor. Staged; the caller commits.</summary>
    public async Task StrengthenAsync(Caller caller, string method, CancellationToken cancellationToken, DateTimeOffset? at = null)
    {
        var token = await db.Tokens.SingleAsync(t => t.Id == caller.Session.TokenId, cancellationToken);
        token.MfaAt = at ?? Now;
        if (!token.Methods.Split(' ').Contains(method))
            token.Methods = $"{token.Methods} {method}".Trim();
    }

    /// <param name="at">When it was proved, where that was not now.</param>
    public async Task<Result<Unit>> VerifiedAsync(Caller caller, string method, HttpContext context, CancellationToken cancellationToken, DateTimeOffset? at = null)
    {
        await StrengthenAsync(caller, method, cancellationToken, at);
        var committed = await CommitAsync(OcsfClass.Authentication, caller, Logon, "factor.verify", $"Proved again: {method}.", cancellationToken);
        if (!committed.IsRefused)
            await failures.SucceededAsync(SignInOrigin.Of(context), AccountOf(caller), cancellationToken);
        return committed;
    }

    /// <param name="caller">Whose sessions; the calling one stays.</param>
    /// <param name="onlyWeak">Only those that never proved a second factor.</param>
    /// <param name="cancellationToken">Stops before anything is staged.</param>
    public async Task<int> EndOthersAsync(Caller caller, bool onlyWeak, CancellationToken cancellationToken)
    {
        if (!onlyWeak)
            return await sessions.EndAllAsync(caller.Id, caller.Session.TokenId, cancellationToken);
        var weak = await db.Tokens.Where(t => t.PrincipalId == caller.Id && t.RevokedAt == null && t.MfaAt == null && t.Id != caller.Session.TokenId).ToListAsync(cancellationToken);
        weak.ForEach(t => t.RevokedAt = Now);
        return weak.Count;
    }

    public Task<Result<Unit>> CommitAsync(Caller caller, int activity, string operation, string message, CancellationToken cancellationToken) =>
        CommitAsync(OcsfClass.AccountChange, caller, activity, operation, message, cancellationToken);

    private async Task<Result<Unit>> CommitAsync(OcsfClass ocsfClass, Caller caller, int activity, string operation, string message, CancellationToken cancellationToken)
    {
        try
        {
            await db.CommitAsync(events.By(caller, ocsfClass, activity, operation, new EventResource("principal", caller.Id), message) with
            {
                Severity = ocsfClass == OcsfClass.AccountChange ? EventSeverity.Medium : EventSeverity.Informational,
                Attributes = [("session", caller.Session.TokenId)],
            }, cancellationToken);
            return Unit.Value;
        }
        catch (DbUpdateConcurrencyException)
        {
            // One code used twice at once, or two changes: the other one won.
            return FactorCheck.Wrong;
        }
    }
}
