using Merlon.Access.Contracts;
using Merlon.Access.Model;
using Merlon.Access.Policy;
using Merlon.Access.Sessions;
using Merlon.Access.Storage;
using Merlon.Kernel;
using Microsoft.EntityFrameworkCore;

namespace Merlon.Access.Principals;

/// <summary>
/// Lets a person begin anew who lost their factors: password, authenticator, passkeys and sessions end, and a code enrols new ones. Whoever does this could
/// become that person, so it takes all rights that the person has, it is a high event, and nobody does it to themselves.
/// </summary>
internal sealed class InvitationService(AccessDb db, AccessPolicy policy, SessionIssuer sessions, ControlEvents events, TimeProvider time)
{
    private const int PasswordReset = 4;
    private static readonly TimeSpan s_life = TimeSpan.FromHours(24);

    /// <param name="Token">Shown once; good for a day, to enrol.</param>
    internal sealed record Invitation(string Principal, string Name, string Token, DateTimeOffset ExpiresAt)
    {
        public override string ToString() => nameof(Invitation);
    }

    public Task<Result<Invitation>> InviteAsync(Caller caller, string name, CancellationToken cancellationToken) =>
        policy.ChangeAsync(before => InviteAsync(before, caller, name, cancellationToken), cancellationToken);

    private async Task<Result<Invitation>> InviteAsync(AccessSnapshot before, Caller caller, string name, CancellationToken cancellationToken)
    {
        var scope = caller.Scope;
        if (await db.Principals.SingleOrDefaultAsync(
            p => p.Organisation == scope.Organisation && p.Project == scope.Project && p.Name == name && p.Kind == Principal.Person && p.DisabledAt == null, cancellationToken) is not { } person)
            return PrincipalService.Unknown(name);
        if (person.Id == caller.Id)
            return new Refusal(RefusalKind.Conflict, "principal.self", "You cannot invite yourself anew.") { Remedy = "Use a recovery code, or ask someone else." };
        if (await db.Identities.AnyAsync(i => i.PrincipalId == person.Id, cancellationToken))
            return new Refusal(RefusalKind.Conflict, "principal.provider", $"'{person.Name}' signs in with an identity provider.") { Remedy = $"To let them sign in here instead: merlon sso unlink {person.Name}" };
        if (PrincipalService.BeyondRolesOf(before, caller, person.Id) is { } beyond)
            return beyond;
        var now = time.GetUtcNow();
        if (await db.People.SingleOrDefaultAsync(p => p.PrincipalId == person.Id, cancellationToken) is { } known)
            db.People.Remove(known);
        db.Passkeys.RemoveRange(await db.Passkeys.Where(p => p.PrincipalId == person.Id).ToListAsync(cancellationToken));
        var ended = await sessions.EndAllAsync(person.Id, except: null, cancellationToken);
        (person.InvitedBy, person.InvitedAt) = (caller.Id, now);
        var credential = Credential.Mint(Credential.TokenPrefix);
        db.Tokens.Add(new AccessToken { Id = credential.Id, PrincipalId = person.Id, SecretHash = credential.SecretHash, CreatedAt = now, NotAfter = now + s_life });
        await db.CommitAsync(
            events.By(caller, OcsfClass.AccountChange, PasswordReset, "principal.invite", new EventResource("principal", person.Id),
                $"Factors removed, {ended} sessions ended; a new enrolment code was made.") with
            {
                Severity = EventSeverity.High,
            },
            cancellationToken);
        return new Invitation(person.Id, person.Name, credential.Text, now + s_life);
    }
}
