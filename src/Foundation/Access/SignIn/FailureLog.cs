using Merlon.Access.Model;
using Merlon.Access.People;
using Merlon.Access.Storage;
using Merlon.Kernel;
using Microsoft.EntityFrameworkCore;

namespace Merlon.Access.SignIn;

/// <summary>
/// Counts failed sign-ins and locks for a growing time: by account name (known or not, so that a lock tells nothing), by network, and for a device that
/// signed in before by that device instead of the account, so that nobody else can lock its owner out.
/// </summary>
internal sealed class FailureLog(AccessDb db, PeopleSecrets secrets, TimeProvider time)
{
    private const int FreeForAccount = 5, FreeForNetwork = 30;
    private static readonly TimeSpan s_firstLock = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan s_longestLock = TimeSpan.FromHours(1);
    private static readonly TimeSpan s_forgotten = TimeSpan.FromHours(24);

    public static Refusal Locked(TimeSpan wait) => new(RefusalKind.TooMany, "signin.locked", "There were too many failed sign-ins. Nothing was checked this time.")
    {
        Remedy = "Wait, or sign in with a passkey or on a device that you signed in on before.",
        RetryAfter = wait,
    };

    /// <summary>How long the attempt has to wait; null when it may go on.</summary>
    public async Task<TimeSpan?> LockedForAsync(SignInOrigin origin, string? account, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var keys = await KeysAsync(origin, account, cancellationToken);
        var ids = keys.ConvertAll(k => k.Key);
        var until = await db.Failures.AsNoTracking().Where(f => ids.Contains(f.Key) && f.LockedUntil > now).Select(f => (DateTimeOffset?)f.LockedUntil).MaxAsync(cancellationToken);
        return until - now;
    }

    /// <summary>Counts a failure at once, also of many at the same moment. True when it locked something.</summary>
    public async Task<bool> FailedAsync(SignInOrigin origin, string? account, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var locked = false;
        foreach (var (key, free) in await KeysAsync(origin, account, cancellationToken))
        {
            var (id, at, old) = (key.ToArray(), now.ToUnixTimeMilliseconds(), (now - s_forgotten).ToUnixTimeMilliseconds());
            // One statement, so that none of many that fail at once is lost or in another's way.
            var count = (await db.Database.SqlQuery<int>($"""
                INSERT INTO access_failures(Key, Count, LastAt, LockedUntil) VALUES ({id}, 1, {at}, 0)
                ON CONFLICT(Key) DO UPDATE SET Count = CASE WHEN LastAt < {old} THEN 1 ELSE Count + 1 END, LastAt = {at} RETURNING Count AS Value
                """).ToListAsync(cancellationToken)).Single();
            if (count < free)
                continue;
            var until = now + TimeSpan.FromTicks(Math.Min(s_longestLock.Ticks, s_firstLock.Ticks << Math.Min(10, count - free)));
            await db.Failures.Where(f => f.Key == key && f.LockedUntil < until).ExecuteUpdateAsync(f => f.SetProperty(r => r.LockedUntil, until), cancellationToken);
            locked = true;
        }
        var forgotten = now - s_forgotten;
        await db.Failures.Where(f => f.LastAt < forgotten && f.LockedUntil < now).ExecuteDeleteAsync(cancellationToken);
        return locked;
    }

    /// <summary>A whole sign-in forgives the account or the device, not the network: it says nothing about others there.</summary>
    public async Task SucceededAsync(SignInOrigin origin, string account, CancellationToken cancellationToken)
    {
        var key = (await KeysAsync(origin, account, cancellationToken))[0].Key;
        await db.Failures.Where(f => f.Key == key).ExecuteDeleteAsync(cancellationToken);
    }

    /// <param name="origin">Where the attempt comes from.</param>
    /// <param name="account">Null where there is none, as for a code that names nobody: then the network alone is counted.</param>
    /// <param name="cancellationToken">Stops the reading of keys.</param>
    private async Task<List<(Digest Key, int Free)>> KeysAsync(SignInOrigin origin, string? account, CancellationToken cancellationToken)
    {
        if (origin.TrustedDevice is { } device)
            return [(await secrets.MarkAsync("failures", "device\n" + device, cancellationToken), FreeForAccount)];
        var network = (await secrets.MarkAsync("failures", "network\n" + origin.Lane, cancellationToken), FreeForNetwork);
        return account is null ? [network] : [(await secrets.MarkAsync("failures", "account\n" + account, cancellationToken), FreeForAccount), network];
    }
}
