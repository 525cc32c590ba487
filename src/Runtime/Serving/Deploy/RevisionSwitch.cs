using Merlon.Access.Contracts;
using Merlon.Kernel;
using Merlon.Serving.Model;
using Merlon.Serving.Nodes;
using Merlon.Serving.Storage;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Merlon.Serving.Deploy;

/// <summary>Moves an endpoint from one revision to another without a failed call: new calls go to the new one first, then the old one drains.</summary>
internal sealed class RevisionSwitch(ServingDb db, NodeDirectory nodes, IGatewayPublisher gateways, IServiceScopeFactory scopes, TimeProvider time)
{
    /// <summary>Longer than the longest inference, so that every call in flight at the switch is answered.</summary>
    public static readonly TimeSpan Drain = TimeSpan.FromSeconds(15);

    /// <summary>Points the endpoint to a healthy revision. True when every connected gateway follows already.</summary>
    public async Task<bool> ActivateAsync(Endpoint endpoint, Revision revision, SecurityEvent activated, CancellationToken cancellationToken)
    {
        var former = endpoint.CurrentRevisionId is { } id && id != revision.Id ? await db.Revisions.SingleAsync(r => r.Id == id, cancellationToken) : null;
        revision.State = RevisionState.Active;
        revision.ActivatedAt = time.GetUtcNow();
        endpoint.CurrentRevisionId = revision.Id;
        endpoint.Revision++;
        if (former is not null)
            former.State = RevisionState.Draining;
        await db.CommitAsync(activated, cancellationToken);
        var effective = await gateways.PublishAsync(CancellationToken.None);
        if (former is not null)
            _ = RetireLaterAsync(former.Id);
        return effective;
    }

    public async Task FailAsync(Endpoint endpoint, Revision revision, SecurityEvent failed, string problem, CancellationToken cancellationToken)
    {
        if (endpoint.CurrentRevisionId != revision.Id)
            revision.State = RevisionState.Failed;
        revision.Problem = problem;
        await db.CommitAsync(failed with { Status = EventStatus.Failure, Severity = EventSeverity.Medium, StatusCode = "deployment.failed" }, cancellationToken);
        nodes.Changed();
    }

    /// <summary>After a restart: what was draining has drained, and a start that nobody waits for any more has failed.</summary>
    public async Task SettleAsync(CancellationToken cancellationToken)
    {
        await db.Revisions.Where(r => r.State == RevisionState.Draining)
            .ExecuteUpdateAsync(r => r.SetProperty(x => x.State, RevisionState.Retired), cancellationToken);
        await db.Revisions.Where(r => r.State == RevisionState.Starting)
            .ExecuteUpdateAsync(
                r => r.SetProperty(x => x.State, RevisionState.Failed).SetProperty(x => x.Problem, "Control stopped while the revision was starting."),
                cancellationToken);
    }

    private async Task RetireLaterAsync(Guid revisionId)
    {
        await Task.Delay(Drain, time);
        await using var scope = scopes.CreateAsyncScope();
        var own = scope.ServiceProvider.GetRequiredService<ServingDb>();
        // A rollback may have brought it back meanwhile; then it is no longer draining and stays.
        await own.Revisions.Where(r => r.Id == revisionId && r.State == RevisionState.Draining)
            .ExecuteUpdateAsync(r => r.SetProperty(x => x.State, RevisionState.Retired));
        nodes.Changed();
    }
}
