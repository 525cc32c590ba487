using System.Text.Json;
using Merlon.Access.Contracts;
using Merlon.Access.Model;
using Merlon.Access.Storage;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.EntityFrameworkCore;

namespace Merlon.Access.Federation;

/// <summary>Trust in outside issuers, for services of the project.</summary>
internal static class FederationEndpoints
{
    internal sealed record View(
        string Name, string ClientId, string Issuer, string Audience, IReadOnlyDictionary<string, string> Claims, string Service, IReadOnlyList<string> Verbs, int LifeSeconds, DateTimeOffset CreatedAt);

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/federations", ListAsync).RequirePermission(Permissions.AccessRead).Produces<Page<View>>();
        routes.MapPost("/federations", AddAsync).RequirePermission(Permissions.PrincipalManage).Produces<View>(StatusCodes.Status201Created);
        routes.MapDelete("/federations/{name}", RemoveAsync).RequirePermission(Permissions.PrincipalManage).GivesNothing();
        TokenEndpoints.Map(routes);
    }

    private static async Task<IResult> ListAsync(string? after, int? limit, Caller caller, AccessDb db, CancellationToken cancellationToken)
    {
        var rows = await db.Federations.AsNoTracking().Where(f => f.Organisation == caller.Scope.Organisation && f.Project == caller.Scope.Project).OrderBy(f => f.Name).ToListAsync(cancellationToken);
        return Page<View>.Of(rows.Select(r => Of(r, caller)), v => v.Name, after, limit).ToHttp();
    }

    private static async Task<IResult> AddAsync(FederationForm body, Caller caller, FederationService federations, CancellationToken cancellationToken) =>
        (await federations.AddAsync(caller, body, cancellationToken)).Try(out var row, out var refusal)
            ? TypedResults.Json(Of(row, caller), statusCode: StatusCodes.Status201Created)
            : refusal.ToProblem();

    private static async Task<IResult> RemoveAsync(string name, Caller caller, FederationService federations, CancellationToken cancellationToken) =>
        (await federations.RemoveAsync(caller, name, cancellationToken)).ToHttp();

    private static View Of(FederationRow row, Caller caller) => new(
        row.Name, row.Id, row.Issuer, row.Audience, JsonSerializer.Deserialize<Dictionary<string, string>>(row.Claims)!, Policy.Subjects.NameOf(caller.Snapshot.State, row.ServiceId),
        row.Verbs.Split(' '), row.LifeSeconds, row.CreatedAt);
}
