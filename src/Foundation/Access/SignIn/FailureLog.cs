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
    public async Task<TimeSpan?> LockedForAsync(SignInOrigin origin, string account, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var keys = await KeysAsync(origin, account, cancellationToken);
        var ids = keys.ConvertAll(k => k.Key);
        var until = await db.Failures.AsNoTracking().Where(f => ids.Contains(f.Key) && f.LockedUntil > now).Select(f => (DateTimeOffset?)f.LockedUntil).MaxAsync(cancellationToken);
        return until - now;
    }

    /// <summary>Stages a failure on the context. True when it locked something.</summary>
    public async Task<bool> FailedAsync(SignInOrigin origin, string account, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var locked = false;
        foreach (var (key, free) in await KeysAsync(origin, account, cancellationToken))
        {
            if (await db.Failures.FindAsync([key], cancellationToken) is not { } row)
            {
                row = new FailureRow { Key = key, Count = 0, LastAt = now, LockedUntil = default };
                db.Failures.Add(row);
            }
            row.Count = now - row.LastAt > s_forgotten ? 1 : row.Count + 1;
            row.LastAt = now;
            if (row.Count < free)
                continue;
            row.LockedUntil = now + TimeSpan.FromTicks(Math.Min(s_longestLock.Ticks, s_firstLock.Ticks << Math.Min(10, row.Count - free)));
            locked = true;
        }
        var old = now - s_forgotten;
        await db.Failures.Where(f => f.LastAt < old && f.LockedUntil < now).ExecuteDeleteAsync(cancellationToken);
        return locked;
    }

    /// <summary>A whole sign-in forgives the account or the device, not the network: it says nothing about others there.</summary>
    public async Task SucceededAsync(SignInOrigin origin, string account, CancellationToken cancellationToken)
    {
        var key = (await KeysAsync(origin, account, cancellationToken))[0].Key;
        await db.Failures.Where(f => f.Key == key).ExecuteDeleteAsync(cancellationToken);
    }

    private async Task<List<(Digest Key, int Free)>> KeysAsync(SignInOrigin origin, string account, CancellationToken cancellationToken) => origin.TrustedDevice is { } device
        ? [(await secrets.MarkAsync("failures", "device\n" + device, cancellationToken), FreeForAccount)]
        :
        [
            (await secrets.MarkAsync("failures", "account\n" + account, cancellationToken), FreeForAccount),
            (await secrets.MarkAsync("failures", "network\n" + origin.Lane, cancellationToken), FreeForNetwork),
        ];
}
