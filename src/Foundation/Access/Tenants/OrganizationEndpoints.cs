using Merlon.Access.Changes;
using Merlon.Access.Contracts;
using Merlon.Access.Model;
using Merlon.Access.Policy;
using Merlon.Access.Storage;
using Merlon.Kernel;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.EntityFrameworkCore;

namespace Merlon.Access.Tenants;

/// <summary>Tenants of the installation: for the owners of the organisation that it began with.</summary>
internal static class OrganizationEndpoints
{
    internal sealed record CreateBody(string? Name, string? Owner);
    internal sealed record OrganizationView(string Name, Guid Id, DateTimeOffset CreatedAt, int Projects, int People);

    /// <param name="Token">Enrols the first owner, within a day; shown once.</param>
    internal sealed record CreatedOrganization(string Name, Guid Id, string Project, string Owner, string Principal, string? Token, DateTimeOffset ExpiresAt)
    {
        public override string ToString() => nameof(CreatedOrganization);
    }

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/organizations", ListAsync).RequirePermission(Permissions.OrganizationManage).Produces<Page<OrganizationView>>();
        routes.MapPost("/organizations", CreateAsync).RequirePermission(Permissions.OrganizationManage).Produces<CreatedOrganization>(201).TakesIdempotencyKey();
    }

    private static async Task<IResult> ListAsync(string? after, int? limit, AccessDb db, CancellationToken cancellationToken)
    {
        if (!PageRequest.Of(after, limit).Try(out var page, out var refusal))
            return refusal.ToProblem();
        var found = await db.Organisations.AsNoTracking().Where(o => string.Compare(o.Name, page.After) > 0).OrderBy(o => o.Name).Take(page.Rows)
            .Select(o => new OrganizationView(
                o.Name, o.Id, o.CreatedAt, db.Projects.Count(p => p.Organisation == o.Id), db.Principals.Count(p => p.Organisation == o.Id && p.Kind == Principal.Person && p.DisabledAt == null)))
            .ToListAsync(cancellationToken);
        return TypedResults.Ok(page.Cut(found, o => o.Name));
    }

    private static async Task<IResult> CreateAsync(CreateBody body, Caller caller, OrganizationService organizations, HttpContext context, CancellationToken cancellationToken)
    {
        if (!ChangeHttp.CreateOf(context.Request, body).Try(out var request, out var refusal))
            return refusal.ToProblem();
        return (await organizations.CreateAsync(caller, body, request, cancellationToken)).Try(out var made, out refusal)
            ? TypedResults.Json(made, statusCode: StatusCodes.Status201Created)
            : refusal.ToProblem();
    }
}

/// <summary>Makes an organisation with its first project, and the first owner's way in.</summary>
internal sealed class OrganizationService(AccessDb db, AccessPolicy policy, SubjectKeys subjects, ControlEvents events, IEnumerable<IProjectSetup> setups, TimeProvider time)
{
    private const string FirstProject = "default";
    private static readonly TimeSpan s_invitation = TimeSpan.FromHours(24);

    public async Task<Result<OrganizationEndpoints.CreatedOrganization>> CreateAsync(
        Caller caller, OrganizationEndpoints.CreateBody body, CreateRequest? request, CancellationToken cancellationToken)
    {
        if ((Names.Check("organization", body.Name) ?? Names.Check("owner", body.Owner)) is { } invalid)
            return invalid;
        var now = time.GetUtcNow();
        var scope = new Scope(Guid.CreateVersion7(now), Guid.CreateVersion7(now));
        var created = await policy.ChangeAsync<Result<OrganizationEndpoints.CreatedOrganization>>(async _ =>
        {
            if (!(await Replays.FindAsync<OrganizationEndpoints.CreatedOrganization>(db, caller, request, now, cancellationToken)).Try(out var earlier, out var reused))
                return reused;
            if (earlier is not null)
                return earlier;
            if (await db.Organisations.AnyAsync(o => o.Name == body.Name, cancellationToken))
                return new Refusal(RefusalKind.Conflict, "organization.exists", $"There is already an organization '{body.Name}'.");
            if (await db.Organisations.CountAsync(cancellationToken) >= Limits.Organisations)
                return new Refusal(RefusalKind.Conflict, "organization.too-many", $"An installation has at most {Limits.Organisations} organizations.");
            db.Organisations.Add(new Organisation { Id = scope.Organisation, Name = body.Name!, CreatedBy = caller.Id, CreatedAt = now });
            db.Projects.Add(new Project { Id = scope.Project, Organisation = scope.Organisation, Name = FirstProject, CreatedBy = caller.Id, CreatedAt = now, Revision = 1 });
            var (owner, token, credential) = await PrincipalFactory.CreateAsync(
                db, subjects, scope, body.Owner!, Permissions.Owner, now, s_invitation, cancellationToken, createdBy: caller.Id);
            var made = new OrganizationEndpoints.CreatedOrganization(body.Name!, scope.Organisation, FirstProject, owner.Name, owner.Id, credential.Text, token.NotAfter);
            Replays.Remember(db, caller, request, made with { Token = null }, now);
            await db.CommitAsync(
            [
                events.By(caller, OcsfClass.EntityManagement, ControlEvents.Create, "organization.create", new EventResource("organization", scope.Organisation.ToString()),
                    $"Organization {body.Name} was made.") with { Severity = EventSeverity.Medium },
                events.By(caller.Id, scope, OcsfClass.AccountChange, ControlEvents.Create, "principal.create", new EventResource("principal", owner.Id), "First owner, invited.") with
                {
                    Severity = EventSeverity.Medium,
                    Personal = new PersonalFields(owner.Id, owner.SubjectPublicKey, [new("name", owner.Name)]),
                },
            ], cancellationToken);
            return made;
        }, cancellationToken);
        if (created.Try(out var done, out _) && done.Id == scope.Organisation)
        {
            foreach (var setup in setups)
                await setup.PrepareAsync(scope, cancellationToken);
        }
        return created;
    }
}
