using Merlon.Kernel;
using Merlon.Serving.Contracts;

namespace Merlon.Serving.Node;

/// <summary>The node's own events, in the node's own log.</summary>
internal sealed class NodeEvents(IEventSink sink, TimeProvider time)
{
    public async Task WorkerAsync(WorkerAssignment worker, string operation, EventStatus status, string message)
    {
        const int launch = 1, terminate = 2;
        await sink.AppendAsync(
            Event(operation, operation == "worker.start" ? launch : terminate, status, message, new EventResource("revision", worker.RevisionId.ToString(), worker.Manifest)) with
            {
                Attributes = [("endpoint", worker.Endpoint), ("model", worker.Model)],
            },
            Durability.PageCache, CancellationToken.None);
    }

    public async Task ScanAsync(ScanAssignment scan, EventStatus status, string message) => await sink.AppendAsync(
        Event("scan.run", 1, status, message, new EventResource("scan", scan.ScanId.ToString(), scan.Manifest)), Durability.PageCache, CancellationToken.None);

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
}
