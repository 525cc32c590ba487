using Merlon.Access.Changes;
using Merlon.Access.Contracts;
using Merlon.Access.Policy;
using Merlon.Kernel;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Merlon.Access.Roles;

/// <summary>The built-in roles and the organisation's own.</summary>
internal static class RoleEndpoints
{
    internal sealed record RoleBody(string? Name, IReadOnlyList<string>? Verbs);
    internal sealed record RoleView(string Name, bool BuiltIn, IReadOnlyList<string> Verbs, int Revision);

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/roles", List).RequirePermission(Permissions.AccessRead).Produces<Page<RoleView>>();
        routes.MapGet("/roles/{name}", Show).RequirePermission(Permissions.AccessRead).Produces<RoleView>().GivesRevision();
        routes.MapPost("/roles", CreateAsync).RequirePermission(Permissions.AccessManage).Produces<ChangeOutcome>(201).Produces<ChangeOutcome>(202).TakesIdempotencyKey();
        routes.MapPut("/roles/{name}", UpdateAsync).RequirePermission(Permissions.AccessManage).Produces<ChangeOutcome>().Produces<ChangeOutcome>(202).ChangesRevision();
        routes.MapDelete("/roles/{name}", RemoveAsync).RequirePermission(Permissions.AccessManage).Produces<ChangeOutcome>().Produces<ChangeOutcome>(202).ChangesRevision(isRequired: false);
    }

    private static IResult List(string? after, int? limit, Caller caller) => Page<RoleView>.Of(All(caller), r => r.Name, after, limit).ToHttp();

    private static IResult Show(string name, Caller caller, HttpContext context)
    {
        if (All(caller).FirstOrDefault(r => r.Name == name) is not { } role)
            return Unknown(name).ToProblem();
        ChangeHttp.SetRevision(context, role.Revision);
        return TypedResults.Ok(role);
    }

    private static async Task<IResult> CreateAsync(RoleBody body, Caller caller, ChangeService changes, HttpContext context, CancellationToken cancellationToken) =>
        ChangeHttp.CreateOf(context.Request, body).Try(out var request, out var refusal)
            ? ChangeHttp.Answer(context, await changes.SubmitAsync(caller, new RoleChange(body.Name ?? "", body.Verbs ?? [], 0), request, cancellationToken), created: true)
            : refusal.ToProblem();

    private static async Task<IResult> UpdateAsync(
        string name, RoleBody body, Caller caller, ChangeService changes, HttpContext context, CancellationToken cancellationToken)
    {
        if (!ChangeHttp.RevisionOf(context.Request).Try(out var revision, out var refusal))
            return refusal.ToProblem();
        return revision is not { } expected
            ? ChangeHttp.NeedsRevision()
            : ChangeHttp.Answer(context, await changes.SubmitAsync(caller, new RoleChange(name, body.Verbs ?? [], Math.Max(1, expected)), null, cancellationToken));
    }

    private static async Task<IResult> RemoveAsync(string name, Caller caller, ChangeService changes, HttpContext context, CancellationToken cancellationToken)
    {
        if (!ChangeHttp.RevisionOf(context.Request).Try(out var revision, out var refusal))
            return refusal.ToProblem();
        var expected = revision ?? caller.Snapshot.State.Roles.GetValueOrDefault((caller.Scope.Organisation, name))?.Revision ?? 1;
        return ChangeHttp.Answer(context, await changes.SubmitAsync(caller, new RoleChange(name, null, expected), null, cancellationToken));
    }

    private static IEnumerable<RoleView> All(Caller caller) =>
        Permissions.Roles.Select(r => new RoleView(r, BuiltIn: true, [.. Permissions.Of(r).Order(StringComparer.Ordinal)], 1)).Concat(
            caller.Snapshot.State.Roles.Values.Where(r => r.Organisation == caller.Scope.Organisation).Select(r => new RoleView(r.Name, BuiltIn: false, r.Verbs, r.Revision)));

    private static Refusal Unknown(string name) =>
        new(RefusalKind.NotFound, "role.unknown", $"There is no role '{Text.Printable(name, 63)}'.") { Remedy = "See: merlon role list" };
}
