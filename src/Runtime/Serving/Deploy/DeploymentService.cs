using System.Text;
using System.Text.Json;
using Merlon.Access.Contracts;
using Merlon.Admission.Contracts;
using Merlon.Kernel;
using Merlon.Registry.Contracts;
using Merlon.Serving.Contracts;
using Merlon.Serving.Model;
using Merlon.Serving.Nodes;
using Merlon.Serving.Storage;
using Microsoft.EntityFrameworkCore;

namespace Merlon.Serving.Deploy;

/// <summary>
/// Deploys and rolls back. A deployment passes the gates again, becomes an immutable revision, and takes the traffic only when its worker is
/// healthy; until then the former revision answers.
/// </summary>
internal sealed class DeploymentService(ServingDb db, IAdmission admission, RevisionSwitch revisions, NodeDirectory nodes, ControlEvents events, TimeProvider time)
{
    private static readonly TimeSpan s_startPatience = TimeSpan.FromSeconds(60);

    public async Task<Result<DeploymentEndpoints.Deployed>> DeployAsync(
        Caller caller, string endpointName, ModelReference reference, string environment, WorkerResources resources, CancellationToken cancellationToken)
    {
        if (!(await FindOrPlanAsync(caller.Scope, endpointName, environment, cancellationToken)).Try(out var endpoint, out var refusal))
            return refusal;
        if (!(await admission.AdmitAsync(caller, reference, environment, cancellationToken)).Try(out var decision, out refusal))
            return refusal;
        if (decision.Verdict == Verdict.Block)
            return await RefuseAsync(caller, endpoint, decision, cancellationToken);

        var revision = await AddRevisionAsync(caller, endpoint, decision, resources, cancellationToken);
        return await StartAsync(caller, endpoint, revision, "deployment.create", $"Revision {revision.Number} of '{endpoint.Name}': {decision.Version.Reference}.");
    }

    /// <summary>Returns to the last earlier revision that has served. It passes the gates again: what is no longer trusted does not come back.</summary>
    public async Task<Result<DeploymentEndpoints.Deployed>> RollBackAsync(Caller caller, string endpointName, CancellationToken cancellationToken)
    {
        var endpoint = await FindAsync(caller.Scope, endpointName, cancellationToken);
        if (endpoint?.CurrentRevisionId is null)
            return Unknown(endpointName);
        var current = await db.Revisions.SingleAsync(r => r.Id == endpoint.CurrentRevisionId, cancellationToken);
        var former = await db.Revisions
            .Where(r => r.EndpointId == endpoint.Id && r.Number < current.Number && r.ActivatedAt != null)
            .OrderByDescending(r => r.Number).FirstOrDefaultAsync(cancellationToken);
        if (former is null)
            return new Refusal(RefusalKind.Conflict, "rollback.none", $"'{endpointName}' has no earlier revision to return to.");
        var reference = new ModelReference(former.Model, former.ModelVersion);
        if (!(await admission.AdmitAsync(caller, reference, endpoint.Environment, cancellationToken)).Try(out var decision, out var refusal))
            return refusal;
        if (decision.Verdict == Verdict.Block)
            return await RefuseAsync(caller, endpoint, decision, cancellationToken);
        // Also when it is still draining: what is starting is not retired by the end of that drain.
        former.State = RevisionState.Starting;
        return await StartAsync(caller, endpoint, former, "deployment.rollback", $"Rolling '{endpoint.Name}' back to revision {former.Number} ({reference}).");
    }

    public Task<Endpoint?> FindAsync(Scope scope, string name, CancellationToken cancellationToken) => db.Endpoints.SingleOrDefaultAsync(
        e => e.Organisation == scope.Organisation && e.Project == scope.Project && e.Name == name, cancellationToken);

    public static Refusal Unknown(string name) =>
        new(RefusalKind.NotFound, "endpoint.unknown", $"There is no endpoint '{Text.Printable(name, 63)}' with a served revision.") { Remedy = "See 'merlon endpoint list'." };

    private async Task<Result<Endpoint>> FindOrPlanAsync(Scope scope, string name, string environment, CancellationToken cancellationToken)
    {
        if (Names.Check("endpoint name", name) is { } invalid)
            return invalid;
        var endpoint = await FindAsync(scope, name, cancellationToken);
        if (endpoint is not null && !string.Equals(endpoint.Environment, environment, StringComparison.Ordinal))
            return new Refusal(RefusalKind.Conflict, "endpoint.environment", $"The endpoint '{name}' belongs to the environment '{endpoint.Environment}'.")
            {
                Remedy = "Use another endpoint name for another environment.",
            };
        return endpoint ?? new Endpoint
        {
            Id = Guid.CreateVersion7(time.GetUtcNow()),
            Organisation = scope.Organisation,
            Project = scope.Project,
            Name = name,
            Environment = environment,
            CreatedAt = time.GetUtcNow(),
        };
    }

    private async Task<Refusal> RefuseAsync(Caller caller, Endpoint endpoint, AdmissionDecision decision, CancellationToken cancellationToken)
    {
        var resource = new EventResource("model-version", decision.Version.Reference.ToString(), decision.Version.Manifest);
        await db.CommitAsync(
            events.By(caller, OcsfClass.EntityManagement, ControlEvents.Create, "deployment.refuse", resource, decision.BlockedBecause) with
            {
                Status = EventStatus.Failure,
                Severity = EventSeverity.Medium,
                StatusCode = "admission.blocked",
                Attributes = [("endpoint", endpoint.Name), ("environment", endpoint.Environment), ("verdict_id", decision.VerdictId.ToString())],
            },
            cancellationToken);
        return new Refusal(RefusalKind.Blocked, "admission.blocked",
            $"{decision.Version.Reference} is not admitted to {endpoint.Environment}. {decision.BlockedBecause}")
        {
            Remedy = $"See the gates: merlon admit {decision.Version.Reference} --env {endpoint.Environment}",
        };
    }

    private async Task<Revision> AddRevisionAsync(
        Caller caller, Endpoint endpoint, AdmissionDecision decision, WorkerResources resources, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var contract = decision.Contract ?? throw new InvalidOperationException("An admitted model has a contract.");
        var number = 1 + (await db.Revisions.Where(r => r.EndpointId == endpoint.Id).MaxAsync(r => (int?)r.Number, cancellationToken) ?? 0);
        var revision = new Revision
        {
            Id = Guid.CreateVersion7(now),
            EndpointId = endpoint.Id,
            Number = number,
            VersionId = decision.Version.Id,
            Model = decision.Version.Model,
            ModelVersion = decision.Version.Number,
            Manifest = decision.Version.Manifest,
            ContractDigest = ContractDigest.Of(contract),
            ContractJson = Encoding.UTF8.GetString(ContractDigest.Serialize(contract)),
            PolicyDigest = decision.PolicyDigest,
            VerdictId = decision.VerdictId,
            MainFile = decision.MainFile ?? throw new InvalidOperationException("An admitted model has a main file."),
            RequiresFullIsolation = decision.RequiresFullIsolation,
            ResourcesJson = JsonSerializer.Serialize(resources),
            Author = caller.Id,
            CreatedAt = now,
            State = RevisionState.Starting,
        };
        if (db.Entry(endpoint).State == EntityState.Detached)
            db.Endpoints.Add(endpoint);
        db.Revisions.Add(revision);
        return revision;
    }

    /// <summary>
    /// Commits the revision as starting and sees it through. From here on the caller's hanging up changes nothing, and whatever goes wrong, no revision
    /// is left starting with a worker that nobody waits for.
    /// </summary>
    private async Task<Result<DeploymentEndpoints.Deployed>> StartAsync(Caller caller, Endpoint endpoint, Revision revision, string operation, string message)
    {
        try
        {
            await db.CommitAsync(Event(caller, endpoint, revision, operation, message), CancellationToken.None);
            nodes.Changed();
            var status = await nodes.WaitForWorkerAsync(revision.Id, s_startPatience, CancellationToken.None);
            if (status is not { State: WorkerState.Healthy })
                return await FailAsync(caller, endpoint, revision, status);
            var activated = Event(caller, endpoint, revision, "deployment.activate", $"'{endpoint.Name}' now points to revision {revision.Number}.");
            var effective = await revisions.ActivateAsync(endpoint, revision, activated, CancellationToken.None);
            return new DeploymentEndpoints.Deployed(
                endpoint.Name, endpoint.Environment, revision.Id, revision.Number, $"{revision.Model}@{revision.ModelVersion}", revision.Manifest,
                revision.ContractDigest, revision.PolicyDigest, status.Isolation, status.MissingIsolation, status.Sandbox, status.StartMilliseconds, effective);
        }
        catch (Exception e)
        {
            const string problem = "Control could not complete the deployment.";
            await revisions.AbandonAsync(revision.Id, Event(caller, endpoint, revision, "deployment.fail", problem), $"{problem} ({e.GetType().Name})");
            throw;
        }
    }

    private async Task<Refusal> FailAsync(Caller caller, Endpoint endpoint, Revision revision, WorkerStatus? status)
    {
        var last = status?.Problem ?? nodes.StatusOf(revision.Id)?.Problem;
        var problem = status is not null && last is not null ? last
            : $"The worker was not healthy within {s_startPatience.TotalSeconds:0} seconds.{(last is null ? "" : " Last problem: " + last)}";
        await revisions.FailAsync(endpoint, revision, Event(caller, endpoint, revision, "deployment.fail", problem), problem, CancellationToken.None);
        return new Refusal(RefusalKind.Unavailable, "deployment.failed", $"Revision {revision.Number} did not start: {problem}")
        {
            Remedy = endpoint.CurrentRevisionId is null ? null : "The former revision still answers.",
        };
    }

    private SecurityEvent Event(Caller caller, Endpoint endpoint, Revision revision, string operation, string message) =>
        events.By(caller, OcsfClass.EntityManagement, ControlEvents.Update, operation,
            new EventResource("revision", $"{endpoint.Name}#{revision.Number}", revision.Manifest), message) with
        {
            Attributes =
            [
                ("endpoint", endpoint.Name), ("environment", endpoint.Environment), ("revision", revision.Id.ToString()),
                ("model", $"{revision.Model}@{revision.ModelVersion}"), ("contract", revision.ContractDigest.ToString()),
                ("policy", revision.PolicyDigest.ToString()), ("verdict_id", revision.VerdictId.ToString()),
                .. Devices(revision),
            ],
        };

    /// <summary>Device files widen what a worker can reach, so that every event of a revision that has any names them.</summary>
    private static IEnumerable<EventAttribute> Devices(Revision revision) =>
        JsonSerializer.Deserialize<WorkerResources>(revision.ResourcesJson) is { Devices.Count: > 0 } resources ? [("devices", string.Join(' ', resources.Devices))] : [];
}
