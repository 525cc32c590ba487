using Merlon.Access.Contracts;
using Merlon.Access.Model;
using Merlon.Access.Policy;
using Merlon.Access.Storage;
using Merlon.Kernel;
using Microsoft.EntityFrameworkCore;
using static Merlon.Access.SignIn.BootstrapEndpoints;

namespace Merlon.Access.SignIn;

/// <summary>
/// Makes the first owner from the code of the first start.
/// 1. A network that has failed too often waits. 2. The code, looked at before the lock that changes share, so that guesses cost them nothing. 3. Once.
/// </summary>
internal sealed class BootstrapService(AccessDb db, AccessPolicy policy, SubjectKeys subjects, SignInBook book, ControlEvents events)
{
    private static readonly TimeSpan s_tokenLife = TimeSpan.FromDays(30);

    private static readonly Refusal s_wrong = new(RefusalKind.Unauthenticated, "bootstrap.invalid", "This bootstrap code is unknown, used or expired.")
    {
        Remedy = "Take the code from the first start's screen, or start Merlon again: while nobody has signed in, each start prints a new one.",
    };

    public async Task<Result<TokenResponse>> RedeemAsync(RedeemRequest request, SignInOrigin origin, CancellationToken cancellationToken)
    {
        var name = request.Name ?? "admin";
        if (Names.Check("name", name) is { } invalid)
            return invalid;
        // 1
        if (await book.LockedAsync(origin, null, cancellationToken) is { } locked)
            return locked;
        // 2
        var hash = HashOf(request.Code ?? "");
        var now = book.Now;
        if (!await db.BootstrapCodes.AnyAsync(c => c.CodeHash == hash && c.RedeemedAt == null && c.NotAfter > now, cancellationToken))
        {
            await book.FailedAsync(origin, null, null, s_wrong.Code, cancellationToken);
            return s_wrong;
        }
        // 3
        return await policy.ChangeAsync(_ => MakeOwnerAsync(hash, name, now, cancellationToken), cancellationToken);
    }

    private async Task<Result<TokenResponse>> MakeOwnerAsync(Digest hash, string name, DateTimeOffset now, CancellationToken cancellationToken)
    {
        if (await db.BootstrapCodes.SingleOrDefaultAsync(c => c.CodeHash == hash && c.RedeemedAt == null, cancellationToken) is not { } code)
            return s_wrong;
        if (await db.Principals.AnyAsync(p => p.Organisation == Scope.Default.Organisation && p.Name == name, cancellationToken))
            return new Refusal(RefusalKind.Conflict, "principal.exists", $"There is already a principal '{name}'.") { Remedy = "Choose another: --name NAME" };
        code.RedeemedAt = now;
        code.Revision++;
        var (principal, token, credential) = await PrincipalFactory.CreateAsync(db, subjects, Scope.Default, name, Permissions.Owner, now, s_tokenLife, cancellationToken);
        try
        {
            await db.CommitAsync(
                events.By(principal.Id, principal.Scope, OcsfClass.AccountChange, ControlEvents.Create, "principal.create",
                    new EventResource("principal", principal.Id), "Owner through the bootstrap code.") with
                {
                    Severity = EventSeverity.Medium,
                    Personal = new PersonalFields(principal.Id, principal.SubjectPublicKey, [new("name", principal.Name)]),
                },
                cancellationToken);
        }
        catch (DbUpdateConcurrencyException)
        {
            // Just used by someone else.
            return s_wrong;
        }
        return new TokenResponse(credential.Text, token.NotAfter, principal.Id, Permissions.Owner);
    }
}
