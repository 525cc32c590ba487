using System.Text.Json;
using Merlon.Access.Contracts;
using Merlon.Access.Policy;
using Merlon.Access.Storage;
using Merlon.Kernel;
using Microsoft.EntityFrameworkCore;

namespace Merlon.Access.Changes;

/// <summary>What became of a change: made, or waiting for a second person.</summary>
/// <param name="Status"><c>done</c> or <c>pending</c>.</param>
/// <param name="Subject">What it is about, as in <c>binding/ID</c>.</param>
/// <param name="Revision">The new revision; null when it is gone or still waits.</param>
/// <param name="Change">Id of the waiting change.</param>
internal sealed record ChangeOutcome(string Status, string Subject, int? Revision, Guid? Change);

/// <summary>Makes changes of access: one at a time, each with its event, those of one's own rights with a second person.</summary>
internal sealed class ChangeService(AccessDb db, AccessPolicy policy, IGatewayPublisher gateways, SecondPerson second, ControlEvents events, TimeProvider time)
{
    private static readonly TimeSpan s_patience = TimeSpan.FromDays(7);
    private static readonly JsonSerializerOptions s_json = new(JsonSerializerDefaults.Web);

    private static readonly Refusal s_own = new(RefusalKind.Forbidden, "change.own", "A change of one's own rights is approved by someone else.");

    private static readonly Refusal s_dependent = new(RefusalKind.Forbidden, "change.dependent", "You are no second person for this: who is concerned made your account, or gave you its factors.")
    {
        Remedy = "Someone else approves it. You can once your account is old enough and you have signed in with a password and factor, or a passkey, of your own.",
    };

    /// <param name="caller">Who asks.</param>
    /// <param name="change">What for.</param>
    /// <param name="request">The key and hash of a create that may be sent again; null when it may not.</param>
    public async Task<Result<ChangeOutcome>> SubmitAsync(Caller caller, AccessChange change, CreateRequest? request, CancellationToken cancellationToken)
    {
        var outcome = await policy.ChangeAsync<Result<ChangeOutcome>>(async before =>
        {
            // 1. An answer that was already given.
            if (!(await Replays.FindAsync<ChangeOutcome>(db, caller, request, time.GetUtcNow(), cancellationToken)).Try(out var earlier, out var reused))
                return reused;
            if (earlier is not null)
                return earlier;
            // 2. What it leads to, and whether that may be.
            if (!Judge(before, caller.Id, caller, change).Try(out var after, out var refusal))
                return refusal;
            // 3. One's own rights take a second person, and so do those of whoever one hangs on: they could ask through one.
            var pending = Touched(before, after, await second.BehindAsync(caller.Id, cancellationToken)).Count > 0;
            if (pending && await PendingCountAsync(caller, cancellationToken) >= Limits.PendingChanges)
                return new Refusal(RefusalKind.Conflict, "change.too-many", $"At most {Limits.PendingChanges} changes wait at once.") { Remedy = "See: merlon access changes" };
            return pending ? await AskAsync(caller, change, request, cancellationToken) : await MakeAsync(before, caller, change, request, null, cancellationToken);
        }, cancellationToken);
        await PublishAsync(outcome);
        return outcome;
    }

    /// <summary>Makes, or refuses for good, a change that waits. Not by who asked for it.</summary>
    public async Task<Result<ChangeOutcome>> DecideAsync(Caller caller, Guid id, bool approve, CancellationToken cancellationToken)
    {
        var outcome = await policy.ChangeAsync<Result<ChangeOutcome>>(async before =>
        {
            var (scope, now) = (caller.Scope, time.GetUtcNow());
            var row = await db.Changes.SingleOrDefaultAsync(
                c => c.Id == id && c.Organisation == scope.Organisation && c.Project == scope.Project && c.DecidedAt == null && c.NotAfter > now, cancellationToken);
            if (row is null)
                return new Refusal(RefusalKind.NotFound, "change.unknown", "There is no such change that waits.") { Remedy = "See: merlon access changes" };
            if (approve && row.RequestedBy == caller.Id)
                return s_own;
            // A second person, not a second program of the first.
            if (approve && !caller.Session.IsPerson)
                return new Refusal(RefusalKind.Forbidden, "change.person", "A change of somebody's own rights is approved by a person, not by a service.");
            var change = JsonSerializer.Deserialize<AccessChange>(row.Change, s_json)!;
            (row.DecidedBy, row.DecidedAt, row.Approved) = (caller.Id, now, approve);
            if (!approve)
            {
                await db.CommitAsync(events.By(caller, OcsfClass.EntityManagement, ControlEvents.Delete, "change.refuse", new EventResource("change", $"{id}"), row.Summary), cancellationToken);
                return new ChangeOutcome("refused", change.Subject, null, id);
            }
            // Both must still be allowed to make it, and be two.
            if (!Judge(before, row.RequestedBy, caller, change).Try(out var after, out var gone))
                return gone;
            if (await DependsAsync(before, after, caller.Id, row.RequestedBy, cancellationToken) is { } same)
                return same;
            return Judge(before, caller.Id, caller, change).Try(out _, out var refusal)
                ? await MakeAsync(before, caller, change, null, row.RequestedBy, cancellationToken)
                : refusal;
        }, cancellationToken);
        await PublishAsync(outcome);
        return outcome;
    }

    /// <summary>Whether who approves hangs on who asked, or on someone whose rights they asked about while hanging on them.</summary>
    private async Task<Refusal?> DependsAsync(AccessSnapshot before, AccessSnapshot after, string approver, string author, CancellationToken cancellationToken)
    {
        var concerned = Touched(before, after, await second.BehindAsync(author, cancellationToken)).Append(author).ToHashSet(StringComparer.Ordinal);
        if (concerned.Contains(approver))
            return s_own;
        return concerned.Overlaps(await second.BehindAsync(approver, cancellationToken)) ? s_dependent : null;
    }

    private static List<string> Touched(AccessSnapshot before, AccessSnapshot after, IEnumerable<string> principals) => [.. principals.Where(p => ChangeRights.TouchesOwn(before, after, p))];

    private Result<AccessSnapshot> Judge(AccessSnapshot before, string principal, Caller caller, AccessChange change)
    {
        if (!ChangeRules.Apply(before.State, caller.Scope, change, time.GetUtcNow()).Try(out var state, out var refusal))
            return refusal;
        var after = new AccessSnapshot(state);
        // Where the other person of a pending change sits is not known; only what holds everywhere counts for them.
        var context = principal == caller.Id ? caller.Context : new AccessContext(time.GetUtcNow());
        return (ChangeRights.Beyond(before, after, principal, context, caller.Scope.Organisation)
            ?? ChangeRights.LastOwner(before, after, caller.Scope.Organisation)) is { } no ? no : after;
    }

    private async Task<Result<ChangeOutcome>> MakeAsync(
        AccessSnapshot before, Caller caller, AccessChange change, CreateRequest? request, string? requestedBy, CancellationToken cancellationToken)
    {
        await ChangeWriter.WriteAsync(db, caller.Scope, change, time.GetUtcNow(), cancellationToken);
        var outcome = new ChangeOutcome("done", change.Subject, change.Removes ? null : change.Expected + 1, null);
        Replays.Remember(db, caller, request, outcome, time.GetUtcNow());
        await db.CommitAsync(ChangeEvents.Of(events, caller, change, before.State, requestedBy), cancellationToken);
        return outcome;
    }

    private async Task<Result<ChangeOutcome>> AskAsync(Caller caller, AccessChange change, CreateRequest? request, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var row = new ChangeRow
        {
            Id = Guid.CreateVersion7(now), Organisation = caller.Scope.Organisation, Project = caller.Scope.Project, Change = JsonSerializer.Serialize(change, s_json),
            Summary = $"{change.Operation} {change.Subject}", RequestedBy = caller.Id, CreatedAt = now, NotAfter = now + s_patience,
        };
        db.Changes.Add(row);
        var outcome = new ChangeOutcome("pending", change.Subject, null, row.Id);
        Replays.Remember(db, caller, request, outcome, time.GetUtcNow());
        await db.CommitAsync(
            events.By(caller, OcsfClass.EntityManagement, ControlEvents.Create, "change.request", new EventResource("change", $"{row.Id}"), row.Summary), cancellationToken);
        return outcome;
    }

    private Task<int> PendingCountAsync(Caller caller, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        return db.Changes.CountAsync(c => c.Organisation == caller.Scope.Organisation && c.DecidedAt == null && c.NotAfter > now, cancellationToken);
    }

    private async Task PublishAsync(Result<ChangeOutcome> outcome)
    {
        if (!outcome.IsRefused && outcome.Value.Status == "done")
            await gateways.PublishAsync(CancellationToken.None);
    }
}

/// <summary>A create that may be sent again.</summary>
internal sealed record CreateRequest(string Key, Digest Hash);
