using Merlon.Access.Contracts;
using Merlon.Kernel;
using Merlon.Registry.Contracts;
using Merlon.Serving.Contracts;
using Merlon.Serving.Model;
using Merlon.Serving.Storage;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.EntityFrameworkCore;

namespace Merlon.Serving.Nodes;

/// <summary>What the node asks of control, over the Unix socket, under its role token.</summary>
internal static class NodeEndpoints
{
    public const string Role = "node";
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(20);

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/node/assignment", AssignmentAsync).RequireRole(Role);
        routes.MapPost("/node/status", StatusAsync).RequireRole(Role);
        routes.MapPost("/node/keys", ReleaseAsync).RequireRole(Role);
        routes.MapPost("/node/scans", Answer).RequireRole(Role);
    }

    private static async Task<IResult> AssignmentAsync(long after, NodeDirectory nodes, AssignmentBuilder builder, CancellationToken cancellationToken)
    {
        await nodes.WaitForChangeAsync(after, s_patience, cancellationToken);
        return TypedResults.Ok(await builder.BuildAsync(cancellationToken));
    }

    private static async Task<IResult> StatusAsync(NodeStatus status, NodeDirectory nodes, IGatewayPublisher gateways, CancellationToken cancellationToken)
    {
        nodes.Report(status);
        await gateways.PublishAsync(cancellationToken);
        return TypedResults.NoContent();
    }

    private static IResult Answer(ScanAnswer answer, NodeDirectory nodes)
    {
        nodes.Answer(answer);
        return TypedResults.NoContent();
    }

    /// <summary>
    /// Releases the data keys of exactly one revision or scan, and only while it is assigned and its digest is the one that was admitted.
    /// The release is on disk in the ledger before the keys leave.
    /// </summary>
    private static async Task<IResult> ReleaseAsync(
        KeyRequest request, ServingDb db, IRegistry registry, NodeDirectory nodes, ControlEvents events, CancellationToken cancellationToken)
    {
        var (versionId, purpose, id) = await AllowedAsync(request, db, nodes, cancellationToken);
        if (versionId is null)
        {
            await db.CommitAsync(Event(events, request, purpose, id) with
            {
                Status = EventStatus.Failure,
                Severity = EventSeverity.High,
                StatusCode = "key.refused",
                Message = "Data keys were asked for something that is not assigned.",
            }, cancellationToken);
            return new Refusal(RefusalKind.Forbidden, "key.refused", "No data key is released for this: it is not assigned to this node.").ToProblem();
        }
        await db.CommitAsync(Event(events, request, purpose, id), cancellationToken);
        return TypedResults.Ok(new KeyRelease(await registry.ReleaseDataKeysAsync(versionId.Value, cancellationToken)));
    }

    private static async Task<(Guid? VersionId, string Purpose, Guid Id)> AllowedAsync(
        KeyRequest request, ServingDb db, NodeDirectory nodes, CancellationToken cancellationToken)
    {
        if (request.ScanId is { } scanId)
        {
            var scan = nodes.PendingScanOf(scanId);
            return (scan is not null && scan.Manifest == request.Manifest ? scan.VersionId : null, "scan", scanId);
        }
        var revisionId = request.RevisionId ?? Guid.Empty;
        var revision = await db.Revisions.AsNoTracking().SingleOrDefaultAsync(
            r => r.Id == revisionId && (r.State == RevisionState.Starting || r.State == RevisionState.Active || r.State == RevisionState.Draining), cancellationToken);
        return (revision is not null && revision.Manifest == request.Manifest ? revision.VersionId : null, "serve", revisionId);
    }

    private static SecurityEvent Event(ControlEvents events, KeyRequest request, string purpose, Guid id) =>
        events.By("system:node", Scope.Default, OcsfClass.EntityManagement, ControlEvents.Read, "key.release",
            new EventResource(purpose == "scan" ? "scan" : "revision", id.ToString(), request.Manifest), $"Data keys released to the node, to {purpose}.") with
        {
            Attributes = [("purpose", purpose)],
        };
}
