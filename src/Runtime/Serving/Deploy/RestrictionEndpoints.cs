using System.Globalization;
using System.Text.Json;
using Merlon.Access.Contracts;
using Merlon.Kernel;
using Merlon.Serving.Contracts;
using Merlon.Serving.Model;
using Merlon.Serving.Storage;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.EntityFrameworkCore;
using Endpoint = Merlon.Serving.Model.Endpoint;

namespace Merlon.Serving.Deploy;

/// <summary>Private endpoints: from which networks, with what, and when they may be called.</summary>
internal static class RestrictionEndpoints
{
    internal sealed record Body(IReadOnlyList<string>? Networks, bool Mtls, string? Hours);
    internal sealed record View(string Name, string Environment, Guid? CurrentRevision, IReadOnlyList<string> Networks, bool Mtls, string? Hours, bool? Effective = null);

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/endpoints/{name}", ShowAsync).RequirePermission(Permissions.EndpointRead, "name").Produces<View>().GivesRevision();
        routes.MapPut("/endpoints/{name}/restrictions", RestrictAsync).RequirePermission(Permissions.EndpointDeploy, "name").Produces<View>().ChangesRevision();
    }

    private static async Task<IResult> ShowAsync(string name, Caller caller, ServingDb db, HttpContext context, CancellationToken cancellationToken)
    {
        if (await FindAsync(db, caller, name, cancellationToken) is not { } endpoint)
            return Unknown(name);
        Tag(context, endpoint);
        return TypedResults.Ok(ViewOf(endpoint));
    }

    private static async Task<IResult> RestrictAsync(
        string name, Body body, Caller caller, ServingDb db, EndpointRestricter restricter, HttpContext context, CancellationToken cancellationToken)
    {
        if (await FindAsync(db, caller, name, cancellationToken) is not { } endpoint)
            return Unknown(name);
        var expected = context.Request.Headers.IfMatch.ToString();
        if (expected.Length == 0)
            return new Refusal(RefusalKind.Invalid, "precondition.required", "An update names the revision that it changes.") { Remedy = "Read it, then send its ETag as If-Match." }
                .ToProblem(StatusCodes.Status428PreconditionRequired);
        if (expected != TagOf(endpoint))
            return Stale().ToProblem(StatusCodes.Status412PreconditionFailed);
        var restrictions = new EndpointRestrictions(body.Networks ?? [], body.Mtls, body.Hours);
        if (restrictions.Check() is { } invalid)
            return invalid.ToProblem();
        if (!(await restricter.RestrictAsync(caller, endpoint, restrictions, cancellationToken)).Try(out var effective, out var refusal))
            return refusal.ToProblem(StatusCodes.Status412PreconditionFailed);
        Tag(context, endpoint);
        return TypedResults.Ok(ViewOf(endpoint) with { Effective = effective });
    }

    internal static Refusal Stale() => new(RefusalKind.Conflict, "endpoint.stale", "It was changed since you read it.") { Remedy = "Read it again, then try again." };

    private static Task<Endpoint?> FindAsync(ServingDb db, Caller caller, string name, CancellationToken cancellationToken) => db.Endpoints.SingleOrDefaultAsync(
        e => e.Organisation == caller.Scope.Organisation && e.Project == caller.Scope.Project && e.Name == name, cancellationToken);

    private static IResult Unknown(string name) =>
        new Refusal(RefusalKind.NotFound, "endpoint.unknown", $"There is no endpoint '{Text.Printable(name, 63)}'.") { Remedy = "See 'merlon endpoint list'." }.ToProblem();

    private static View ViewOf(Endpoint endpoint)
    {
        var restrictions = endpoint.Restrictions ?? EndpointRestrictions.None;
        return new View(endpoint.Name, endpoint.Environment, endpoint.CurrentRevisionId, restrictions.Networks, restrictions.RequiresCertificate, restrictions.Hours);
    }

    private static string TagOf(Endpoint endpoint) => string.Create(CultureInfo.InvariantCulture, $"\"{endpoint.Revision}\"");

    private static void Tag(HttpContext context, Endpoint endpoint) => context.Response.Headers.ETag = TagOf(endpoint);
}

/// <summary>Changes an endpoint's restrictions with their event, and brings them to the gateways.</summary>
internal sealed class EndpointRestricter(ServingDb db, ControlEvents events, IGatewayPublisher gateways)
{
    /// <summary>True when every connected gateway follows already.</summary>
    public async Task<Result<bool>> RestrictAsync(Caller caller, Endpoint endpoint, EndpointRestrictions restrictions, CancellationToken cancellationToken)
    {
        endpoint.RestrictionsJson = restrictions.IsNone ? null : JsonSerializer.Serialize(restrictions);
        endpoint.Revision++;
        try
        {
            await db.CommitAsync(
                events.By(caller, OcsfClass.EntityManagement, ControlEvents.Update, "endpoint.restrict", new EventResource("endpoint", endpoint.Name),
                    restrictions.IsNone ? "It may be called from anywhere." : "It may be called only as said here.") with
                {
                    Attributes = [("networks", string.Join(' ', restrictions.Networks)), ("mtls", restrictions.RequiresCertificate ? "required" : "no"), ("hours", restrictions.Hours)],
                },
                cancellationToken);
        }
        catch (DbUpdateConcurrencyException)
        {
            return RestrictionEndpoints.Stale();
        }
        catch
        {
            // The record may wait for a full disk while the tables have the change: the gateways follow the tables.
            await gateways.PublishAsync(CancellationToken.None);
            throw;
        }
        return await gateways.PublishAsync(CancellationToken.None);
    }
}
