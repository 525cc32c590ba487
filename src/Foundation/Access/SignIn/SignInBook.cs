using System.Net;
using Merlon.Access.Contracts;
using Merlon.Access.Model;
using Merlon.Access.Sessions;
using Merlon.Access.Storage;
using Merlon.Kernel;

namespace Merlon.Access.SignIn;

/// <summary>Keeps the account of attempts: who is locked, what failed, what succeeded, and the events that tell of it (OCSF Authentication, 3002).</summary>
internal sealed class SignInBook(AccessDb db, FailureLog failures, Challenges challenges, ControlEvents events, IRefusalLog refusals, TimeProvider time)
{
    private const int Logon = 1;

    public Challenges Challenges => challenges;
    public DateTimeOffset Now => time.GetUtcNow();

    public async Task<Refusal?> LockedAsync(SignInOrigin origin, string? account, CancellationToken cancellationToken)
    {
        if (await failures.LockedForAsync(origin, account, cancellationToken) is not { } wait)
            return null;
        refusals.Unauthenticated(AddressOf(origin), "signin.locked");
        return FailureLog.Locked(wait);
    }

    /// <summary>
    /// An event of its own where the account exists; of a name that nobody has, only the aggregate tells. The lock bounds how many there are.
    /// </summary>
    public async Task FailedAsync(SignInOrigin origin, string? account, Principal? principal, string code, CancellationToken cancellationToken)
    {
        var locked = await failures.FailedAsync(origin, account, cancellationToken);
        refusals.Unauthenticated(AddressOf(origin), code);
        if (principal is null)
            await db.SaveChangesAsync(cancellationToken);
        else
            await db.CommitAsync(Of(principal, origin, "signin.failed", locked ? "Sign-in failed; locked for a time." : "Sign-in failed.") with
            {
                Status = EventStatus.Failure,
                StatusCode = code,
                Severity = locked ? EventSeverity.Medium : EventSeverity.Low,
            }, cancellationToken);
    }

    public Task SucceededAsync(SignInOrigin origin, string account, CancellationToken cancellationToken) => failures.SucceededAsync(origin, account, cancellationToken);

    public SecurityEvent SignedIn(IssuedSession session, SignInOrigin origin) => Of(session.Principal, origin, "signin", "Signed in.") with
    {
        Attributes = [("methods", session.Token.Methods), ("mfa", session.Token.MfaAt is null ? "none" : "proved"), ("session", session.Token.Id), ("kind", session.Token.Kind)],
    };

    private SecurityEvent Of(Principal principal, SignInOrigin origin, string operation, string message) =>
        events.By(principal.Id, principal.Scope, OcsfClass.Authentication, Logon, operation, new EventResource("principal", principal.Id), message) with
        {
            Personal = new PersonalFields(principal.Id, principal.SubjectPublicKey, [new("network", origin.Network), new("device", origin.Device)]),
        };

    private static IPAddress? AddressOf(SignInOrigin origin) => IPAddress.TryParse(origin.Network, out var address) ? address : null;
}
