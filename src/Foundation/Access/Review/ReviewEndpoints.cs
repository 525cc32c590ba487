using System.Net;
using Merlon.Access.Authorization;
using Merlon.Access.Changes;
using Merlon.Access.Contracts;
using Merlon.Access.Policy;
using Merlon.Access.Storage;
using Merlon.Kernel;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.EntityFrameworkCore;

namespace Merlon.Access.Review;

/// <summary>Why something is allowed or not, what could be less, and the changes that wait for a second person.</summary>
internal static class ReviewEndpoints
{
    private const string Me = "ME";

    internal sealed record Explained(
        string Principal, string Name, string Verb, string Resource, bool Allowed, string Reason, IReadOnlyList<ExplainedBinding> Chain);
    internal sealed record ChangeView(Guid Id, string Summary, string RequestedBy, string Name, DateTimeOffset CreatedAt, DateTimeOffset ExpiresAt, bool Own);

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/access/explain", Explain).RequireSignIn().Produces<Explained>();
        routes.MapGet("/access/review", ReviewAsync).RequirePermission(Permissions.AccessRead).Produces<ReviewReport>();
        routes.MapGet("/access/changes", ChangesAsync).RequirePermission(Permissions.AccessRead).Produces<Page<ChangeView>>();
        routes.MapPost("/access/changes/{id:guid}/approve", ApproveAsync).RequirePermission(Permissions.AccessManage).Produces<ChangeOutcome>();
        routes.MapDelete("/access/changes/{id:guid}", RefuseAsync).RequirePermission(Permissions.AccessManage).Produces<ChangeOutcome>();
    }

    /// <summary>One's own rights may be asked for by anyone, those of others with <c>access:read</c>.</summary>
    private static IResult Explain(
        string principal, string verb, string resource, string? environment, string? network, string? region, Caller caller, TimeProvider time)
    {
        var state = caller.Snapshot.State;
        var member = principal == Me ? state.Members[caller.Id] : Subjects.FindMember(state, caller.Scope, principal);
        if (member?.Id != caller.Id && !caller.May(Permissions.AccessRead))
            return new Refusal(RefusalKind.Forbidden, "access.forbidden", $"To explain the rights of others takes {Permissions.AccessRead}.").ToProblem();
        if (member is null)
            return new Refusal(RefusalKind.NotFound, "principal.unknown", $"There is no principal '{Text.Printable(principal, 63)}'.").ToProblem();
        if (!Permissions.All.Contains(verb))
            return new Refusal(RefusalKind.Invalid, "verb.unknown", $"There is no verb '{Text.Printable(verb, 40)}'.")
            {
                Remedy = $"Verbs: {string.Join(", ", Permissions.All.Order(StringComparer.Ordinal))}.",
            }.ToProblem();
        if (BindingForm.ParseScope(resource, caller.Scope.Project) is not { } scope)
            return new Refusal(RefusalKind.Invalid, "resource.invalid", $"'{Text.Printable(resource, 80)}' is not a resource.")
            {
                Remedy = "Write organisation, project, model/NAME or endpoint/NAME.",
            }.ToProblem();
        IPAddress? source = null;
        if (network is not null && !IPAddress.TryParse(network, out source))
            return new Refusal(RefusalKind.Invalid, "network.invalid", "The network is one address.").ToProblem();
        var target = scope.Level switch
        {
            ScopeLevel.Organisation => new AccessTarget(caller.Scope.Organisation, Guid.Empty),
            ScopeLevel.Project => new AccessTarget(caller.Scope.Organisation, scope.Project),
            _ => new AccessTarget(caller.Scope.Organisation, scope.Project, scope.Type, scope.Name),
        };
        var context = new AccessContext(time.GetUtcNow(), source ?? (member.Id == caller.Id ? caller.Context.Source : null), environment, null, region);
        var why = Explanation.Of(caller.Snapshot, member.Id, verb, target, context);
        return TypedResults.Ok(new Explained(member.Id, member.Name, verb, scope.ToString(), why.Allowed, why.Reason, why.Chain));
    }

    private static async Task<IResult> ReviewAsync(int? days, Caller caller, AccessDb db, UsageLog usage, TimeProvider time, CancellationToken cancellationToken)
    {
        var within = days ?? 90;
        if (within is < 1 or > 3_650)
            return new Refusal(RefusalKind.Invalid, "review.days", "A review looks at between 1 and 3650 days.").ToProblem();
        await usage.FlushAsync(cancellationToken);
        var scope = caller.Scope;
        var principals = await db.Principals.AsNoTracking().Where(p => p.Organisation == scope.Organisation && p.Project == scope.Project).OrderBy(p => p.Name).ToListAsync(cancellationToken);
        var ids = principals.ConvertAll(p => p.Id);
        var used = await db.Usage.AsNoTracking().Where(u => ids.Contains(u.PrincipalId)).ToListAsync(cancellationToken);
        var keys = await db.ApiKeys.AsNoTracking().Where(k => k.Organisation == scope.Organisation && k.Project == scope.Project).ToListAsync(cancellationToken);
        var people = await db.People.AsNoTracking().Where(p => ids.Contains(p.PrincipalId) && p.TotpConfirmedAt != null).Select(p => p.PrincipalId)
            .Union(db.Passkeys.Where(p => ids.Contains(p.PrincipalId)).Select(p => p.PrincipalId)).ToListAsync(cancellationToken);
        return TypedResults.Ok(new AccessReview(caller.Snapshot, caller, time.GetUtcNow(), within).Make(principals, used, keys, people.ToHashSet(StringComparer.Ordinal),
            await db.BreakGlass.AsNoTracking().SingleOrDefaultAsync(b => b.Organisation == scope.Organisation, cancellationToken)));
    }

    private static async Task<IResult> ChangesAsync(string? after, int? limit, Caller caller, AccessDb db, TimeProvider time, CancellationToken cancellationToken)
    {
        var (scope, now) = (caller.Scope, time.GetUtcNow());
        var rows = await db.Changes.AsNoTracking()
            .Where(c => c.Organisation == scope.Organisation && c.Project == scope.Project && c.DecidedAt == null && c.NotAfter > now).ToListAsync(cancellationToken);
        return Page<ChangeView>.Of(
            rows.Select(c => new ChangeView(
                c.Id, c.Summary, c.RequestedBy, Subjects.NameOf(caller.Snapshot.State, c.RequestedBy), c.CreatedAt, c.NotAfter, c.RequestedBy == caller.Id)),
            c => c.Id.ToString(), after, limit).ToHttp();
    }

    private static async Task<IResult> ApproveAsync(Guid id, Caller caller, ChangeService changes, HttpContext context, CancellationToken cancellationToken) =>
        ChangeHttp.Answer(context, await changes.DecideAsync(caller, id, approve: true, cancellationToken));

    private static async Task<IResult> RefuseAsync(Guid id, Caller caller, ChangeService changes, HttpContext context, CancellationToken cancellationToken) =>
        ChangeHttp.Answer(context, await changes.DecideAsync(caller, id, approve: false, cancellationToken));
}
