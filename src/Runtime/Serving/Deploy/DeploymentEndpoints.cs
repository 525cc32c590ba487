using Merlon.Access.Contracts;
using Merlon.Kernel;
using Merlon.Registry.Contracts;
using Merlon.Serving.Contracts;
using Merlon.Serving.Nodes;
using Merlon.Serving.Storage;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.EntityFrameworkCore;

namespace Merlon.Serving.Deploy;

/// <summary>Endpoints: deploy to them, roll them back, see how they stand.</summary>
internal static class DeploymentEndpoints
{
    private const long MinMemory = 128L << 20;
    private const long MaxMemory = 1L << 40;

    internal sealed record DeployRequest(
        string Reference, string Environment, long? MemoryBytes, double? Cpus, int? Threads, IReadOnlyList<string>? Devices);

    internal sealed record Deployed(
        string Endpoint, string Environment, Guid RevisionId, int Revision, string Reference, Digest Manifest, Digest Contract, Digest Policy, string Isolation,
        IReadOnlyList<string> MissingIsolation, string Sandbox, double StartMilliseconds, bool Effective);

    internal sealed record RevisionView(
        Guid Id, int Number, string Reference, Digest Manifest, string State, DateTimeOffset CreatedAt, DateTimeOffset? ActivatedAt, string? Problem);

    internal sealed record EndpointView(string Name, string Environment, Guid? CurrentRevision, WorkerStatus? Worker, IReadOnlyList<RevisionView> Revisions);

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/endpoints", ListAsync).RequirePermission(Permissions.EndpointRead).Produces<Page<EndpointView>>();
        routes.MapPost("/endpoints/{name}/deployments", DeployAsync).RequirePermission<DeployRequest>(Permissions.EndpointDeploy, "name", r => r.Environment).Produces<Deployed>();
        routes.MapPost("/endpoints/{name}/rollback", RollBackAsync).RequirePermission(Permissions.EndpointDeploy, "name").Produces<Deployed>();
    }

    private static async Task<IResult> ListAsync(string? after, int? limit, Caller caller, ServingDb db, NodeDirectory nodes, CancellationToken cancellationToken)
    {
        if (!PageRequest.Of(after, limit).Try(out var asked, out var refusal))
            return refusal.ToProblem();
        var names = await db.Endpoints.AsNoTracking()
            .Where(e => e.Organisation == caller.Scope.Organisation && e.Project == caller.Scope.Project && string.Compare(e.Name, asked.After) > 0)
            .OrderBy(e => e.Name).Select(e => new { e.Id, e.Name }).ToListAsync(cancellationToken);
        // What a deny covers is not named, and leaves no page short.
        var page = asked.Cut([.. names.Where(e => caller.May(Permissions.EndpointRead, e.Name)).Take(asked.Rows)], e => e.Name);
        var ids = page.Items.Select(e => e.Id).ToList();
        var endpoints = await db.Endpoints.AsNoTracking().Where(e => ids.Contains(e.Id)).OrderBy(e => e.Name).ToListAsync(cancellationToken);
        var revisions = await db.Revisions.AsNoTracking().Where(r => ids.Contains(r.EndpointId)).OrderByDescending(r => r.Number).ToListAsync(cancellationToken);
        return TypedResults.Ok(new Page<EndpointView>(endpoints.ConvertAll(e => new EndpointView(
            e.Name, e.Environment, e.CurrentRevisionId, e.CurrentRevisionId is { } current ? nodes.StatusOf(current) : null,
            [.. revisions.Where(r => r.EndpointId == e.Id).Take(20).Select(r => new RevisionView(
                r.Id, r.Number, $"{r.Model}@{r.ModelVersion}", r.Manifest, r.State.ToString().ToLowerInvariant(), r.CreatedAt, r.ActivatedAt, r.Problem))])), page.Next));
    }

    private static async Task<IResult> DeployAsync(
        string name, DeployRequest request, Caller caller, DeploymentService deployments, DeploymentLocks locks, CancellationToken cancellationToken)
    {
        if (!ModelReference.TryParse(request.Reference, out var reference))
            return new Refusal(RefusalKind.Invalid, "reference.invalid", $"'{Text.Printable(request.Reference, 80)}' is not a version.") { Remedy = "Write NAME@N, as in fraud@1." }.ToProblem();
        var resources = new WorkerResources(
            request.MemoryBytes ?? (1L << 30), request.Cpus ?? 2, Processes: 128, request.Threads ?? 1, request.Devices ?? []);
        if (resources.MemoryBytes is < MinMemory or > MaxMemory || resources.Cpus is not (> 0 and <= 1024) || resources.Threads is < 1 or > 256)
            return new Refusal(RefusalKind.Invalid, "resources.invalid", "Memory must be between 128 MiB and 1 TiB, CPUs between 0 and 1024, threads between 1 and 256.").ToProblem();
        if (AllowedDevices.FirstRefused(resources.Devices) is { } device)
            return new Refusal(RefusalKind.Invalid, "resources.device", $"'{device}' is not a device that a worker may be given.")
            {
                Remedy = $"Name at most {AllowedDevices.MaxDevices} accelerators, such as /dev/nvidia0, /dev/dri/renderD128, /dev/kfd or /dev/accel/accel0.",
            }.ToProblem();
        using var held = locks.TryHold(caller.Scope, name);
        return held is null
            ? DeploymentLocks.Busy(name).ToProblem()
            : (await deployments.DeployAsync(caller, name, reference, request.Environment ?? "", resources, cancellationToken)).ToHttp();
    }

    private static async Task<IResult> RollBackAsync(
        string name, Caller caller, DeploymentService deployments, DeploymentLocks locks, CancellationToken cancellationToken)
    {
        using var held = locks.TryHold(caller.Scope, name);
        return held is null ? DeploymentLocks.Busy(name).ToProblem() : (await deployments.RollBackAsync(caller, name, cancellationToken)).ToHttp();
    }
}
