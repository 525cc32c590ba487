using System.Text.Json;
using Merlon.Registry.Contracts;
using Merlon.Serving.Contracts;
using Merlon.Serving.Model;
using Merlon.Serving.Storage;
using Microsoft.EntityFrameworkCore;

namespace Merlon.Serving.Nodes;

/// <summary>Derives from the tables what the node must have running.</summary>
internal sealed class AssignmentBuilder(ServingDb db, IRegistry registry, NodeDirectory nodes)
{
    public async Task<NodeAssignment> BuildAsync(CancellationToken cancellationToken)
    {
        // Read first: a change that comes while the tables are read makes the node ask again.
        var version = nodes.Version;
        var revisions = await db.Revisions.AsNoTracking().Include(r => r.Endpoint)
            .Where(r => r.State == RevisionState.Starting || r.State == RevisionState.Active || r.State == RevisionState.Draining)
            .ToListAsync(cancellationToken);
        var workers = new List<WorkerAssignment>();
        foreach (var revision in revisions)
        {
            workers.Add(new WorkerAssignment
            {
                RevisionId = revision.Id,
                Endpoint = revision.Endpoint!.Name,
                Model = $"{revision.Model}@{revision.ModelVersion}",
                Manifest = revision.Manifest,
                Files = await registry.SealedFilesAsync(revision.VersionId, cancellationToken),
                MainFile = revision.MainFile,
                Resources = JsonSerializer.Deserialize<WorkerResources>(revision.ResourcesJson)!,
                RequiresFullIsolation = revision.RequiresFullIsolation,
            });
        }
        return new NodeAssignment(version, workers, nodes.Scans);
    }
}
