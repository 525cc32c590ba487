using System.Collections.Concurrent;
using Merlon.Access.Storage;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Merlon.Access.Authorization;

/// <summary>
/// Remembers when each principal last used each verb, for the review. Kept in memory and written every minute and at the end: a crash may lose the last
/// minute of it, which the ledger does not.
/// </summary>
internal sealed class UsageLog(IServiceScopeFactory scopes, TimeProvider time) : BackgroundService
{
    private static readonly TimeSpan s_interval = TimeSpan.FromMinutes(1);
    private readonly ConcurrentDictionary<(string Principal, string Verb), DateTimeOffset> _used = new();
    private readonly SemaphoreSlim _writing = new(1, 1);

    public void Used(string principal, string verb) => _used[(principal, verb)] = time.GetUtcNow();

    /// <summary>Writes what is new.</summary>
    public async Task FlushAsync(CancellationToken cancellationToken)
    {
        await _writing.WaitAsync(cancellationToken);
        try
        {
            var used = _used.ToArray();
            if (used.Length == 0)
                return;
            await using var scope = scopes.CreateAsyncScope();
            var db = scope.ServiceProvider.GetRequiredService<AccessDb>();
            foreach (var ((principal, verb), at) in used)
            {
                if (await db.Usage.FindAsync([principal, verb], cancellationToken) is { } row)
                    row.LastUsedAt = at;
                else
                    db.Usage.Add(new UsageRow { PrincipalId = principal, Verb = verb, LastUsedAt = at });
            }
            await db.SaveChangesAsync(cancellationToken);
            foreach (var pair in used)
                _used.TryRemove(pair);
        }
        finally
        {
            _writing.Release();
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(s_interval, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                try
                {
                    await FlushAsync(stoppingToken);
                }
                catch (Exception e) when (e is DbUpdateException or Microsoft.Data.Sqlite.SqliteException)
                {
                    // A full or busy disk: what was used stays in memory for the next round.
                }
            }
        }
        catch (OperationCanceledException)
        {
            await FlushAsync(CancellationToken.None);
        }
    }

    public override void Dispose()
    {
        _writing.Dispose();
        base.Dispose();
    }
}
