using Merlon.Access.Contracts;
using Merlon.Kernel;
using Merlon.Serving.Model;
using Merlon.Serving.Nodes;
using Merlon.Serving.Storage;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Merlon.Serving.Deploy;

/// <summary>Moves an endpoint from one revision to another without a failed call: new calls go to the new one first, then the old one drains.</summary>
internal sealed partial class RevisionSwitch(
    ServingDb db, NodeDirectory nodes, IGatewayPublisher gateways, IServiceScopeFactory scopes, TimeProvider time, ILogger<RevisionSwitch> log)
{
    /// <summary>Longer than the longest inference, so that every call in flight at the switch is answered.</summary>
    public static readonly TimeSpan Drain = TimeSpan.FromSeconds(15);

    // A gateway that has not confirmed by then is gone, or there is none.
    private static readonly TimeSpan s_confirmation = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan s_again = TimeSpan.FromSeconds(1);

    /// <summary>Points the endpoint to a healthy revision. True when every connected gateway follows already.</summary>
    public async Task<bool> ActivateAsync(Endpoint endpoint, Revision revision, SecurityEvent activated, CancellationToken cancellationToken)
    {
        var former = endpoint.CurrentRevisionId is { } id && id != revision.Id ? await db.Revisions.SingleAsync(r => r.Id == id, cancellationToken) : null;
        revision.State = RevisionState.Active;
        revision.ActivatedAt = time.GetUtcNow();
        endpoint.CurrentRevisionId = revision.Id;
        endpoint.Revision++;
        if (former is not null)
            (former.State, former.DrainingSince) = (RevisionState.Draining, revision.ActivatedAt);
        var effective = false;
        try
        {
            await db.CommitAsync(activated, cancellationToken);
            effective = await gateways.PublishAsync(CancellationToken.None);
            return effective;
        }
        finally
        {
            // Also when the ledger could not take the event: the change itself may be stored. If it is not, there is no such drain to end.
            if (former is not null)
                _ = RetireLaterAsync(former.Id, former.DrainingSince, effective);
        }
    }

    public async Task FailAsync(Endpoint endpoint, Revision revision, SecurityEvent failed, string problem, CancellationToken cancellationToken)
    {
        if (endpoint.CurrentRevisionId != revision.Id)
            revision.State = RevisionState.Failed;
        revision.Problem = problem;
        await db.CommitAsync(failed with { Status = EventStatus.Failure, Severity = EventSeverity.Medium, StatusCode = "deployment.failed" }, cancellationToken);
        nodes.Changed();
    }

    /// <summary>Ends a start that was broken off by an exception, from the tables anew: what the request's own context holds may not be storable.</summary>
    public async Task AbandonAsync(Guid revisionId, SecurityEvent failed, string problem)
    {
        try
        {
            await using var scope = scopes.CreateAsyncScope();
            var own = scope.ServiceProvider.GetRequiredService<ServingDb>();
            var revision = await own.Revisions.SingleOrDefaultAsync(r => r.Id == revisionId && r.State == RevisionState.Starting);
            if (revision is null)
                return;
            (revision.State, revision.Problem) = (RevisionState.Failed, problem);
            await own.CommitAsync(failed with { Status = EventStatus.Failure, Severity = EventSeverity.Medium, StatusCode = "deployment.failed" }, CancellationToken.None);
        }
        catch (Exception e)
        {
            // The exception that broke the start off is the one to be seen by the caller.
            Log.NotAbandoned(log, revisionId, e.Message);
        }
        finally
        {
            nodes.Changed();
        }
    }

    /// <summary>
    /// After a restart: a start that nobody waits for any more has failed. What was draining goes on draining, because gateways may still send calls to it.
    /// </summary>
    public async Task SettleAsync(CancellationToken cancellationToken)
    {
        foreach (var revision in await db.Revisions.AsNoTracking().Where(r => r.State == RevisionState.Draining).ToListAsync(cancellationToken))
            _ = RetireLaterAsync(revision.Id, revision.DrainingSince, confirmed: false);
        await db.Revisions.Where(r => r.State == RevisionState.Starting)
            .ExecuteUpdateAsync(
                r => r.SetProperty(x => x.State, RevisionState.Failed).SetProperty(x => x.Problem, "Control stopped while the revision was starting."),
                cancellationToken);
    }

    /// <summary>Retires a drained revision. The drain begins when every gateway follows the switch; until then new calls still come to the old worker.</summary>
    private async Task RetireLaterAsync(Guid revisionId, DateTimeOffset? since, bool confirmed)
    {
        try
        {
            for (var began = time.GetTimestamp(); !confirmed && time.GetElapsedTime(began) < s_confirmation;)
            {
                await Task.Delay(s_again, time);
                confirmed = await ConfirmedAsync();
            }
            await Task.Delay(Drain, time);
            await using var scope = scopes.CreateAsyncScope();
            var own = scope.ServiceProvider.GetRequiredService<ServingDb>();
            // A rollback may have brought it back meanwhile; then it is no longer draining, or drains since later and has a timer of its own.
            await own.Revisions.Where(r => r.Id == revisionId && r.State == RevisionState.Draining && r.DrainingSince == since)
                .ExecuteUpdateAsync(r => r.SetProperty(x => x.State, RevisionState.Retired));
            nodes.Changed();
        }
        catch (ObjectDisposedException)
        {
            // Control has stopped; the next start goes on with it.
        }
        catch (Exception e)
        {
            Log.NotRetired(log, revisionId, e.Message);
        }
    }

    private async Task<bool> ConfirmedAsync()
    {
        try
        {
            return await gateways.PublishAsync(CancellationToken.None);
        }
        catch (Exception e) when (e is not ObjectDisposedException)
        {
            Log.NotPublished(log, e.Message);
            return false;
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Error, Message = "Revision {RevisionId} could not be set to failed: {Problem}")]
        public static partial void NotAbandoned(ILogger logger, Guid revisionId, string problem);

        [LoggerMessage(Level = LogLevel.Error, Message = "Revision {RevisionId} has drained but could not be retired; the next start tries again: {Problem}")]
        public static partial void NotRetired(ILogger logger, Guid revisionId, string problem);

        [LoggerMessage(Level = LogLevel.Warning, Message = "The gateways' snapshot could not be published: {Problem}")]
        public static partial void NotPublished(ILogger logger, string problem);
    }
}
