using Merlon.Access.BreakGlass;
using Merlon.Access.Changes;
using Merlon.Access.Contracts;
using Merlon.Access.Storage;
using Merlon.Kernel;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Merlon.Access;

/// <summary>Takes away what is over: answers to creates that are a day old, and break-glass access. A little at a time, so that it is never in the way.</summary>
internal sealed class AccessSweep(IServiceScopeFactory scopes, TimeProvider time) : BackgroundService
{
    public const int RowsPerPass = 1_000;
    private static readonly TimeSpan s_interval = TimeSpan.FromMinutes(1);

    /// <returns>Idempotency rows that were removed.</returns>
    public async Task<int> PassAsync(CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        await scope.ServiceProvider.GetRequiredService<BreakGlassService>().ExpireAsync(cancellationToken);
        var over = time.GetUtcNow() - Replays.Life;
        return await scope.ServiceProvider.GetRequiredService<AccessDb>().Database.ExecuteSqlAsync(
            $"DELETE FROM access_idempotency WHERE rowid IN (SELECT rowid FROM access_idempotency WHERE CreatedAt <= {over.ToUnixTimeMilliseconds()} ORDER BY CreatedAt LIMIT {RowsPerPass})",
            cancellationToken);
    }

    /// <summary>Prepares every project once more: one whose making was cut off has no first policy yet.</summary>
    public async Task PrepareProjectsAsync(CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var setups = scope.ServiceProvider.GetServices<IProjectSetup>().ToList();
        foreach (var project in await scope.ServiceProvider.GetRequiredService<AccessDb>().Projects.AsNoTracking().ToListAsync(cancellationToken))
        {
            foreach (var setup in setups)
                await setup.PrepareAsync(new Scope(project.Organisation, project.Id), cancellationToken);
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var isPrepared = false;
        using var timer = new PeriodicTimer(s_interval, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                try
                {
                    if (!isPrepared)
                        await PrepareProjectsAsync(stoppingToken);
                    isPrepared = true;
                    await PassAsync(stoppingToken);
                }
                catch (Exception e) when (e is DbUpdateException or Microsoft.Data.Sqlite.SqliteException or EvidenceUnavailableException)
                {
                    // A full or busy disk: what is over stays for the next round. A token that is over is void without it.
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The end of the role.
        }
    }
}
