using Merlon.Access.Changes;
using Merlon.Access.Contracts;
using Merlon.Access.Model;
using Merlon.Access.Storage;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.EntityFrameworkCore;

namespace Merlon.Access.Principals;

/// <summary>Service accounts: principals that a person answers for, whose tokens are rotated.</summary>
internal static class ServiceEndpoints
{
    internal sealed record CreateBody(string? Name, string? Role, string? Owner, int? ExpiresInSeconds);
    internal sealed record RotateBody(int? ExpiresInSeconds, int? OverlapSeconds);
    internal sealed record OwnerBody(string? Owner);
    internal sealed record Summary(string Principal, string Name, string Role, string? Owner, DateTimeOffset CreatedAt, DateTimeOffset? DisabledAt);

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/services", ListAsync).RequirePermission(Permissions.AccessRead).Produces<Page<Summary>>();
        routes.MapPost("/services", CreateAsync).RequirePermission(Permissions.PrincipalManage).Produces<CreatedPrincipal>().TakesIdempotencyKey();
        routes.MapPost("/services/{name}/rotate", RotateAsync).RequirePermission(Permissions.PrincipalManage).Produces<CreatedPrincipal>();
        routes.MapPut("/services/{name}/owner", OwnAsync).RequirePermission(Permissions.PrincipalManage).GivesNothing();
        routes.MapDelete("/services/{name}", DisableAsync).RequirePermission(Permissions.PrincipalManage).GivesNothing();
    }

    private static async Task<IResult> ListAsync(string? after, int? limit, Caller caller, AccessDb db, CancellationToken cancellationToken)
    {
        if (!PageRequest.Of(after, limit).Try(out var page, out var refusal))
            return refusal.ToProblem();
        var found = await db.Principals.AsNoTracking()
            .Where(p => p.Organisation == caller.Scope.Organisation && p.Project == caller.Scope.Project && p.Kind == Principal.Service && string.Compare(p.Name, page.After) > 0)
            .OrderBy(p => p.Name).Take(page.Rows).ToListAsync(cancellationToken);
        return TypedResults.Ok(page.Cut(
            found.ConvertAll(p => new Summary(
                p.Id, p.Name, caller.Snapshot.RolesOf(p.Id), p.OwnerId is null ? null : Policy.Subjects.NameOf(caller.Snapshot.State, p.OwnerId), p.CreatedAt, p.DisabledAt)),
            s => s.Name));
    }

    private static async Task<IResult> CreateAsync(
        CreateBody body, Caller caller, PrincipalService principals, HttpContext context, CancellationToken cancellationToken) =>
        ChangeHttp.CreateOf(context.Request, body).Try(out var request, out var refusal)
            ? (await principals.CreateAsync(
                caller, new NewPrincipal(Principal.Service, body.Name, body.Role, body.ExpiresInSeconds, body.Owner), request, cancellationToken)).ToHttp()
            : refusal.ToProblem();

    private static async Task<IResult> RotateAsync(string name, RotateBody body, Caller caller, PrincipalService principals, CancellationToken cancellationToken) =>
        (await principals.RotateAsync(caller, name, body.ExpiresInSeconds, body.OverlapSeconds, cancellationToken)).ToHttp();

    private static async Task<IResult> OwnAsync(string name, OwnerBody body, Caller caller, PrincipalService principals, CancellationToken cancellationToken) =>
        (await principals.OwnAsync(caller, name, body.Owner, cancellationToken)).ToHttp();

    private static async Task<IResult> DisableAsync(string name, Caller caller, PrincipalService principals, CancellationToken cancellationToken) =>
        (await principals.DisableAsync(caller, name, Principal.Service, cancellationToken)).ToHttp();
}
