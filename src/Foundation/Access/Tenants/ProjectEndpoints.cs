using Merlon.Access.Changes;
using Merlon.Access.Contracts;
using Merlon.Access.Storage;
using Merlon.Kernel;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.EntityFrameworkCore;

namespace Merlon.Access.Tenants;

/// <summary>The projects of one's organisation. A call names its project in <see cref="ProjectChoice.Header"/>; without, it is the caller's own.</summary>
internal static class ProjectEndpoints
{
    internal sealed record ProjectBody(string? Name);

    /// <param name="Current">The one that this call is about.</param>
    internal sealed record ProjectView(string Name, Guid Id, DateTimeOffset CreatedAt, DateTimeOffset? ArchivedAt, bool Current, int Revision);

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/projects", ListAsync).RequireSignIn().Produces<Page<ProjectView>>();
        routes.MapGet("/projects/{name}", ShowAsync).RequirePermission(Permissions.ProjectManage).Produces<ProjectView>().GivesRevision();
        routes.MapPost("/projects", CreateAsync).RequirePermission(Permissions.ProjectManage).Produces<ProjectView>(201).TakesIdempotencyKey();
        routes.MapPut("/projects/{name}", RenameAsync).RequirePermission(Permissions.ProjectManage).Produces<ProjectView>().ChangesRevision();
        routes.MapPost("/projects/{name}/archive", ArchiveAsync).RequirePermission(Permissions.ProjectManage).Produces<ProjectView>();
        routes.MapPost("/projects/{name}/restore", RestoreAsync).RequirePermission(Permissions.ProjectManage).Produces<ProjectView>();
    }

    /// <summary>Those in which the caller has any role.</summary>
    private static async Task<IResult> ListAsync(string? after, int? limit, Caller caller, AccessDb db, CancellationToken cancellationToken)
    {
        var projects = await db.Projects.AsNoTracking().Where(p => p.Organisation == caller.Scope.Organisation).ToListAsync(cancellationToken);
        return Page<ProjectView>.Of(
            projects.Where(p => p.Id == caller.Scope.Project || caller.Snapshot.Reaches(caller.Id, p.Id)).Select(p => ProjectService.View(caller, p)), p => p.Name, after, limit).ToHttp();
    }

    private static async Task<IResult> ShowAsync(string name, Caller caller, AccessDb db, HttpContext context, CancellationToken cancellationToken)
    {
        if (await db.Projects.AsNoTracking().SingleOrDefaultAsync(p => p.Organisation == caller.Scope.Organisation && p.Name == name, cancellationToken) is not { } project)
            return ProjectService.Unknown(name).ToProblem();
        ChangeHttp.SetRevision(context, project.Revision);
        return TypedResults.Ok(ProjectService.View(caller, project));
    }

    private static async Task<IResult> CreateAsync(ProjectBody body, Caller caller, ProjectService projects, HttpContext context, CancellationToken cancellationToken)
    {
        if (!ChangeHttp.CreateOf(context.Request, body).Try(out var request, out var refusal))
            return refusal.ToProblem();
        return (await projects.CreateAsync(caller, body.Name, request, cancellationToken)).Try(out var made, out refusal)
            ? TypedResults.Json(made, statusCode: StatusCodes.Status201Created)
            : refusal.ToProblem();
    }

    private static async Task<IResult> RenameAsync(string name, ProjectBody body, Caller caller, ProjectService projects, HttpContext context, CancellationToken cancellationToken)
    {
        if (!ChangeHttp.RevisionOf(context.Request).Try(out var revision, out var refusal))
            return refusal.ToProblem();
        if (revision is not { } expected)
            return ChangeHttp.NeedsRevision();
        if (!(await projects.RenameAsync(caller, name, body.Name, expected, cancellationToken)).Try(out var renamed, out refusal))
            return refusal.ToProblem(refusal.Code == ChangeRules.Stale.Code ? StatusCodes.Status412PreconditionFailed : null);
        ChangeHttp.SetRevision(context, renamed.Revision);
        return TypedResults.Ok(renamed);
    }

    private static async Task<IResult> ArchiveAsync(string name, Caller caller, ProjectService projects, CancellationToken cancellationToken) =>
        (await projects.ArchiveAsync(caller, name, archive: true, cancellationToken)).ToHttp();

    private static async Task<IResult> RestoreAsync(string name, Caller caller, ProjectService projects, CancellationToken cancellationToken) =>
        (await projects.ArchiveAsync(caller, name, archive: false, cancellationToken)).ToHttp();
}
