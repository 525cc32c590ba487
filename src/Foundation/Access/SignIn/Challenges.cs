using Merlon.Access.Contracts;
using Merlon.Access.Model;
using Merlon.Access.Storage;
using Merlon.Kernel;
using Microsoft.EntityFrameworkCore;

namespace Merlon.Access.SignIn;

/// <summary>The steps of sign-ins that wait for the next one. Each is taken once: two that answer at the same time find one.</summary>
internal sealed class Challenges(AccessDb db, TimeProvider time)
{
    private const string Prefix = "mc";
    private static readonly TimeSpan s_life = TimeSpan.FromMinutes(5);

    public static readonly Refusal Gone = new(RefusalKind.Unauthenticated, "signin.expired", "This sign-in took too long, or this step of it was answered before.") { Remedy = "Begin again." };

    public async Task<Result<string>> AddAsync(string purpose, string? principal, string state, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        await db.Challenges.Where(c => c.NotAfter <= now).ExecuteDeleteAsync(cancellationToken);
        if (await db.Challenges.CountAsync(cancellationToken) >= Limits.Challenges)
            return People.PasswordGate.Busy;
        var credential = Credential.Mint(Prefix);
        db.Challenges.Add(new Challenge
        {
            Id = credential.Id,
            SecretHash = credential.SecretHash,
            Purpose = purpose,
            PrincipalId = principal,
            State = state,
            NotAfter = now + s_life,
        });
        await db.SaveChangesAsync(cancellationToken);
        return credential.Text;
    }

    /// <summary>Takes the step away and returns it.</summary>
    public async Task<Result<Challenge>> TakeAsync(string purpose, string? ticket, CancellationToken cancellationToken)
    {
        if (!(await PeekAsync(purpose, ticket, cancellationToken)).Try(out var found, out var refusal))
            return refusal;
        return await db.Challenges.Where(c => c.Id == found.Id).ExecuteDeleteAsync(cancellationToken) == 1 ? found : Gone;
    }

    /// <summary>Looks without taking: a mistyped code is no reason to begin again.</summary>
    public async Task<Result<Challenge>> PeekAsync(string purpose, string? ticket, CancellationToken cancellationToken)
    {
        if (!Credential.TryParse(Prefix, ticket, out var id, out var hash))
            return Gone;
        var found = await db.Challenges.AsNoTracking().SingleOrDefaultAsync(c => c.Id == id, cancellationToken);
        return found is not null && Credential.Matches(found.SecretHash, hash) && found.Purpose == purpose && found.NotAfter > time.GetUtcNow() ? found : Gone;
    }
}
