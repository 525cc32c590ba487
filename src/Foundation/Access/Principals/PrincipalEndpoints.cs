using Merlon.Access.Contracts;
using Merlon.Access.Model;
using Merlon.Access.Storage;
using Merlon.Kernel;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.EntityFrameworkCore;

namespace Merlon.Access.Principals;

/// <summary>People and services of the project, each with one role.</summary>
internal static class PrincipalEndpoints
{
    private static readonly TimeSpan s_maxLife = TimeSpan.FromDays(366);
    private static readonly TimeSpan s_defaultLife = TimeSpan.FromDays(90);

    internal sealed record CreateRequest(string Name, string Role, int? ExpiresInSeconds);
    internal sealed record Created(string Principal, string Name, string Role, string Token, DateTimeOffset ExpiresAt);
    internal sealed record Summary(string Principal, string Name, string Role, DateTimeOffset CreatedAt, DateTimeOffset? DisabledAt);

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/principals", ListAsync).RequirePermission(Permissions.PrincipalManage);
        routes.MapPost("/principals", CreateAsync).RequirePermission(Permissions.PrincipalManage);
        routes.MapDelete("/principals/{name}", DisableAsync).RequirePermission(Permissions.PrincipalManage);
    }

    private static async Task<IResult> ListAsync(Caller caller, AccessDb db, CancellationToken cancellationToken) => TypedResults.Ok(
        await db.Principals.AsNoTracking()
            .Where(p => p.Organisation == caller.Scope.Organisation && p.Project == caller.Scope.Project)
            .OrderBy(p => p.Name)
            .Select(p => new Summary(p.Id, p.Name, p.Role, p.CreatedAt, p.DisabledAt))
            .ToListAsync(cancellationToken));

    private static async Task<IResult> CreateAsync(
        CreateRequest request, Caller caller, AccessDb db, SubjectKeys subjects, ControlEvents events, TimeProvider time, CancellationToken cancellationToken)
    {
        if (Names.Check("name", request.Name) is { } invalid)
            return invalid.ToProblem();
        if (!Permissions.IsRole(request.Role))
            return new Refusal(RefusalKind.Invalid, "role.unknown", $"There is no role '{Text.Printable(request.Role, 40)}'.")
            {
                Remedy = $"Roles: {string.Join(", ", Permissions.Roles)}.",
            }.ToProblem();
        var life = request.ExpiresInSeconds is { } seconds ? TimeSpan.FromSeconds(seconds) : s_defaultLife;
        if (life <= TimeSpan.Zero || life > s_maxLife)
            return new Refusal(RefusalKind.Invalid, "expiry.invalid", "A token lives between one second and 366 days.") { Remedy = "For example --expires 90d." }.ToProblem();
        var (scope, now) = (caller.Scope, time.GetUtcNow());
        if (await db.Principals.AnyAsync(p => p.Organisation == scope.Organisation && p.Project == scope.Project && p.Name == request.Name, cancellationToken))
            return new Refusal(RefusalKind.Conflict, "principal.exists", $"There is already a principal '{request.Name}'.").ToProblem();
        var (principal, token, credential) = await PrincipalFactory.CreateAsync(db, subjects, scope, request.Name, request.Role, now, life, cancellationToken);
        await db.CommitAsync(
            events.By(caller, OcsfClass.AccountChange, ControlEvents.Create, "principal.create", new EventResource("principal", principal.Id),
                $"Created with role {principal.Role}.") with
            {
                Personal = new PersonalFields(principal.Id, principal.SubjectPublicKey, [new("name", principal.Name)]),
                Attributes = [("role", principal.Role)],
            },
            cancellationToken);
        return TypedResults.Ok(new Created(principal.Id, principal.Name, principal.Role, credential.Text, token.NotAfter));
    }

    private static async Task<IResult> DisableAsync(
        string name, Caller caller, AccessDb db, ControlEvents events, TimeProvider time, CancellationToken cancellationToken)
    {
        var scope = caller.Scope;
        var principal = await db.Principals.SingleOrDefaultAsync(
            p => p.Organisation == scope.Organisation && p.Project == scope.Project && p.Name == name, cancellationToken);
        if (principal is null)
            return new Refusal(RefusalKind.NotFound, "principal.unknown", $"There is no principal '{Text.Printable(name, 63)}'.").ToProblem();
        if (principal.Id == caller.Id)
            return new Refusal(RefusalKind.Conflict, "principal.self", "You cannot disable yourself.").ToProblem();
        principal.DisabledAt ??= time.GetUtcNow();
        await db.CommitAsync(
            events.By(caller, OcsfClass.AccountChange, 5, "principal.disable", new EventResource("principal", principal.Id)), cancellationToken);
        return TypedResults.NoContent();
    }
}
