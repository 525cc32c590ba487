using Merlon.Access.Contracts;
using Merlon.Access.Storage;
using Microsoft.EntityFrameworkCore;

namespace Merlon.Access.Changes;

/// <summary>
/// Tells whether a second person is one. A principal hangs on whoever made it, or gave it new factors, until it has been there for a time and has signed in
/// with a second factor of its own: before that, its maker may well hold its credentials.
/// </summary>
internal sealed class SecondPerson(AccessDb db, AccessOptions options, TimeProvider time)
{
    /// <summary>The principal itself, and everyone it hangs on, also through others.</summary>
    public async Task<IReadOnlySet<string>> BehindAsync(string principal, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var behind = new HashSet<string>(StringComparer.Ordinal) { principal };
        var queue = new Queue<string>([principal]);
        while (queue.TryDequeue(out var next))
        {
            var row = await db.Principals.AsNoTracking().Where(p => p.Id == next)
                .Select(p => new { p.CreatedBy, p.CreatedAt, p.InvitedBy, p.InvitedAt }).SingleOrDefaultAsync(cancellationToken);
            if (row is null)
                continue;
            var hasProved = await db.People.AnyAsync(p => p.PrincipalId == next && p.ProvedAt != null, cancellationToken);
            foreach (var (maker, at) in new[] { (row.CreatedBy, (DateTimeOffset?)row.CreatedAt), (row.InvitedBy, row.InvitedAt) })
            {
                if (maker is not null && (!hasProved || now - at < options.SecondPersonAge) && behind.Add(maker))
                    queue.Enqueue(maker);
            }
        }
        return behind;
    }
}
