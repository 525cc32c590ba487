using Merlon.Access.Changes;
using Merlon.Access.Contracts;
using Merlon.Access.Model;
using Merlon.Access.Storage;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.EntityFrameworkCore;

namespace Merlon.Access.Principals;

/// <summary>People and services of the project, each with a first role.</summary>
internal static class PrincipalEndpoints
{
    internal sealed record CreateBody(string? Name, string? Role, int? ExpiresInSeconds);
    internal sealed record Summary(string Principal, string Name, string Kind, string Role, DateTimeOffset CreatedAt, DateTimeOffset? DisabledAt);

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/principals", ListAsync).RequirePermission(Permissions.PrincipalManage).Produces<Page<Summary>>();
        routes.MapPost("/principals", CreateAsync).RequirePermission(Permissions.PrincipalManage).Produces<CreatedPrincipal>().TakesIdempotencyKey();
        routes.MapDelete("/principals/{name}", DisableAsync).RequirePermission(Permissions.PrincipalManage).GivesNothing();
        routes.MapPost("/principals/{name}/invitation", InviteAsync).RequirePermission(Permissions.PrincipalManage).Produces<InvitationService.Invitation>();
    }

    private static async Task<IResult> ListAsync(string? after, int? limit, Caller caller, AccessDb db, CancellationToken cancellationToken)
    {
        if (!PageRequest.Of(after, limit).Try(out var page, out var refusal))
            return refusal.ToProblem();
        var found = await db.Principals.AsNoTracking()
            .Where(p => p.Organisation == caller.Scope.Organisation && p.Project == caller.Scope.Project && string.Compare(p.Name, page.After) > 0)
            .OrderBy(p => p.Name).Take(page.Rows).ToListAsync(cancellationToken);
        return TypedResults.Ok(page.Cut(found.ConvertAll(p => new Summary(p.Id, p.Name, p.Kind, caller.Snapshot.RolesOf(p.Id), p.CreatedAt, p.DisabledAt)), s => s.Name));
    }

    private static async Task<IResult> CreateAsync(
        CreateBody body, Caller caller, PrincipalService principals, HttpContext context, CancellationToken cancellationToken) =>
        ChangeHttp.CreateOf(context.Request, body).Try(out var request, out var refusal)
            ? (await principals.CreateAsync(caller, new NewPrincipal(Principal.Person, body.Name, body.Role, body.ExpiresInSeconds), request, cancellationToken)).ToHttp()
            : refusal.ToProblem();

    private static async Task<IResult> DisableAsync(string name, Caller caller, PrincipalService principals, CancellationToken cancellationToken) =>
        (await principals.DisableAsync(caller, name, kind: null, cancellationToken)).ToHttp();

    private static async Task<IResult> InviteAsync(string name, Caller caller, InvitationService invitations, CancellationToken cancellationToken) =>
        (await invitations.InviteAsync(caller, name, cancellationToken)).ToHttp();
}
