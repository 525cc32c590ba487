using Merlon.Kernel;
using Merlon.Storage.Contracts;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Merlon.App.Roles.Control;

/// <summary>Delivers events that could not be delivered at once, such as after a full disk.</summary>
internal sealed partial class OutboxRetry(OutboxPump outbox, TimeProvider time, ILogger<OutboxRetry> log) : BackgroundService
{
    private static readonly TimeSpan s_interval = TimeSpan.FromSeconds(5);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(s_interval, time);
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await timer.WaitForNextTickAsync(stoppingToken);
                await outbox.FlushAsync(stoppingToken);
            }
            catch (OperationCanceledException)
            {
                return;
            }
            catch (Exception e)
            {
                // Tried again at the next tick; it must not end the role.
                Log.Waiting(log, e.Message);
            }
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Error, Message = "Events wait in the outbox: {Problem}")]
        public static partial void Waiting(ILogger logger, string problem);
    }
}
