using Merlon.Kernel;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Merlon.Admission.Rescan;

/// <summary>Works off what is pending, one version at a time, so that people's own scans find a free place.</summary>
internal sealed partial class RescanLoop(IServiceScopeFactory scopes, TimeProvider time, ILogger<RescanLoop> log) : BackgroundService
{
    private static readonly TimeSpan s_interval = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(250);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(s_interval, time);
        try
        {
            do
            {
                await RunOnceAsync(stoppingToken);
            }
            while (await timer.WaitForNextTickAsync(stoppingToken));
        }
        catch (OperationCanceledException)
        {
            // Stopped; what is left is still pending.
        }
    }

    /// <summary>One pass. A scan that cannot be made ends it: the next one begins again with what is deployed.</summary>
    internal async Task RunOnceAsync(CancellationToken cancellationToken)
    {
        try
        {
            foreach (var versionId in await WithServiceAsync(s => s.PendingAsync(cancellationToken)))
            {
                if (!(await WithServiceAsync(s => s.ScanAsync(versionId, cancellationToken))).Try(out _, out var refusal))
                {
                    Log.Waiting(log, versionId, refusal.Detail);
                    return;
                }
                await Task.Delay(s_pause, time, cancellationToken);
            }
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            // Such as a full disk; it must not end the role.
            Log.Failed(log, e.Message);
        }
    }

    private async Task<T> WithServiceAsync<T>(Func<RescanService, Task<T>> use)
    {
        await using var scope = scopes.CreateAsyncScope();
        return await use(scope.ServiceProvider.GetRequiredService<RescanService>());
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information, Message = "Version {VersionId} waits for a scan under the present rules: {Problem}")]
        public static partial void Waiting(ILogger logger, Guid versionId, string problem);

        [LoggerMessage(Level = LogLevel.Error, Message = "Scanning again failed: {Problem}")]
        public static partial void Failed(ILogger logger, string problem);
    }
}
