using System.Text;
using Merlon.Access.Model;
using Merlon.Access.Storage;
using Merlon.Kernel;
using Microsoft.EntityFrameworkCore;

namespace Merlon.Access.Issuers;

/// <summary>Remembers tokens of issuers that are good once, until they have ended.</summary>
internal sealed class OneTimeTokens(AccessDb db, TimeProvider time)
{
    /// <summary>True the first time. Of two at once, one is first.</summary>
    public async Task<bool> TakeAsync(string issuer, string id, DateTimeOffset notAfter, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        await db.UsedTokens.Where(t => t.NotAfter < now).ExecuteDeleteAsync(cancellationToken);
        var digest = Digest.Of(Encoding.UTF8.GetBytes($"{issuer}\n{id}"));
        if (await db.UsedTokens.AnyAsync(t => t.Id == digest, cancellationToken))
            return false;
        db.UsedTokens.Add(new UsedToken { Id = digest, NotAfter = notAfter + IssuedTokens.Skew });
        try
        {
            await db.SaveChangesAsync(cancellationToken);
            return true;
        }
        catch (DbUpdateException) when (db.ChangeTracker.Entries<UsedToken>().Any(e => e.State == EntityState.Added))
        {
            db.ChangeTracker.Clear();
            return false;
        }
    }
}
