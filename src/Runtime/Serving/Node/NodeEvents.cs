using Merlon.Kernel;
using Merlon.Serving.Contracts;
using Microsoft.Extensions.Logging;

namespace Merlon.Serving.Node;

/// <summary>
/// The node's own events, in the node's own log. A full disk must not stop workers or their replacement, so an event that cannot be recorded is logged
/// and never throws.
/// </summary>
internal sealed partial class NodeEvents(IEventSink sink, TimeProvider time, ILogger<NodeEvents> log)
{
    public async Task WorkerAsync(WorkerAssignment worker, string operation, EventStatus status, string message)
    {
        const int launch = 1, terminate = 2;
        await AppendAsync(
            Event(operation, operation == "worker.start" ? launch : terminate, status, message, new EventResource("revision", worker.RevisionId.ToString(), worker.Manifest)) with
            {
                Attributes = [("endpoint", worker.Endpoint), ("model", worker.Model)],
            });
    }

    public Task ScanAsync(ScanAssignment scan, EventStatus status, string message) =>
        AppendAsync(Event("scan.run", 1, status, message, new EventResource("scan", scan.ScanId.ToString(), scan.Manifest)));

    private async Task AppendAsync(SecurityEvent happened)
    {
        try
        {
            await sink.AppendAsync(happened, Durability.PageCache, CancellationToken.None);
        }
        catch (Exception e)
        {
            Log.NotRecorded(log, happened.Operation, happened.Message, e.Message);
        }
    }

    private SecurityEvent Event(string operation, int activity, EventStatus status, string message, EventResource resource)
    {
        var now = time.GetUtcNow();
        return new SecurityEvent
        {
            Id = Guid.CreateVersion7(now),
            Time = now,
            Class = OcsfClass.ProcessActivity,
            Activity = activity,
            Operation = operation,
            Status = status,
            Severity = status == EventStatus.Success ? EventSeverity.Informational : EventSeverity.Medium,
            Actor = "system:node",
            Service = "node",
            Resource = resource,
            Message = message,
        };
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Error, Message = "The event {Operation} ({Text}) could not be recorded: {Problem}")]
        public static partial void NotRecorded(ILogger logger, string operation, string? text, string problem);
    }
}
