using Merlon.Access.Changes;
using Merlon.Access.Contracts;
using Merlon.Access.Policy;
using Merlon.Kernel;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Merlon.Access.Groups;

/// <summary>Groups of principals and of groups.</summary>
internal static class GroupEndpoints
{
    internal sealed record GroupBody(string? Name, IReadOnlyList<string>? Members);
    internal sealed record GroupView(string Name, IReadOnlyList<string> Members, int Revision);

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/groups", List).RequirePermission(Permissions.AccessRead).Produces<Page<GroupView>>();
        routes.MapGet("/groups/{name}", Show).RequirePermission(Permissions.AccessRead).Produces<GroupView>().GivesRevision();
        routes.MapPost("/groups", CreateAsync).RequirePermission(Permissions.AccessManage).Produces<ChangeOutcome>(201).Produces<ChangeOutcome>(202).TakesIdempotencyKey();
        routes.MapPut("/groups/{name}", UpdateAsync).RequirePermission(Permissions.AccessManage).Produces<ChangeOutcome>().Produces<ChangeOutcome>(202).ChangesRevision();
        routes.MapDelete("/groups/{name}", RemoveAsync).RequirePermission(Permissions.AccessManage).Produces<ChangeOutcome>().Produces<ChangeOutcome>(202).ChangesRevision(isRequired: false);
    }

    private static IResult List(string? after, int? limit, Caller caller) => Page<GroupView>.Of(
        caller.Snapshot.State.Groups.Values.Where(g => g.Organisation == caller.Scope.Organisation).Select(g => View(caller, g)), g => g.Name, after, limit).ToHttp();

    private static IResult Show(string name, Caller caller, HttpContext context)
    {
        if (!caller.Snapshot.State.Groups.TryGetValue((caller.Scope.Organisation, name), out var group))
            return new Refusal(RefusalKind.NotFound, "group.unknown", $"There is no group '{Text.Printable(name, 63)}'.") { Remedy = "See: merlon group list" }.ToProblem();
        ChangeHttp.SetRevision(context, group.Revision);
        return TypedResults.Ok(View(caller, group));
    }

    private static async Task<IResult> CreateAsync(GroupBody body, Caller caller, ChangeService changes, HttpContext context, CancellationToken cancellationToken) =>
        ChangeHttp.CreateOf(context.Request, body).Try(out var request, out var refusal)
            ? ChangeHttp.Answer(context, await changes.SubmitAsync(caller, new GroupChange(body.Name ?? "", Members(caller, body), 0), request, cancellationToken), created: true)
            : refusal.ToProblem();

    private static async Task<IResult> UpdateAsync(
        string name, GroupBody body, Caller caller, ChangeService changes, HttpContext context, CancellationToken cancellationToken)
    {
        if (!ChangeHttp.RevisionOf(context.Request).Try(out var revision, out var refusal))
            return refusal.ToProblem();
        return revision is not { } expected
            ? ChangeHttp.NeedsRevision()
            : ChangeHttp.Answer(context, await changes.SubmitAsync(caller, new GroupChange(name, Members(caller, body), Math.Max(1, expected)), null, cancellationToken));
    }

    private static async Task<IResult> RemoveAsync(string name, Caller caller, ChangeService changes, HttpContext context, CancellationToken cancellationToken)
    {
        if (!ChangeHttp.RevisionOf(context.Request).Try(out var revision, out var refusal))
            return refusal.ToProblem();
        var expected = revision ?? caller.Snapshot.State.Groups.GetValueOrDefault((caller.Scope.Organisation, name))?.Revision ?? 1;
        return ChangeHttp.Answer(context, await changes.SubmitAsync(caller, new GroupChange(name, null, expected), null, cancellationToken));
    }

    private static List<string> Members(Caller caller, GroupBody body) =>
        [.. (body.Members ?? []).Select(m => Subjects.Resolve(caller.Snapshot.State, caller.Scope, m))];

    private static GroupView View(Caller caller, Group group) =>
        new(group.Name, [.. group.Members.Select(m => Subjects.NameOf(caller.Snapshot.State, m))], group.Revision);
}
