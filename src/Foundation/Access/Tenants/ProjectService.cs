using Merlon.Access.Changes;
using Merlon.Access.Contracts;
using Merlon.Access.Model;
using Merlon.Access.Policy;
using Merlon.Access.Storage;
using Merlon.Kernel;
using Microsoft.EntityFrameworkCore;
using static Merlon.Access.Tenants.ProjectEndpoints;

namespace Merlon.Access.Tenants;

/// <summary>Makes, renames, archives and restores projects.</summary>
internal sealed class ProjectService(AccessDb db, AccessPolicy policy, ControlEvents events, IGatewayPublisher gateways, IEnumerable<IProjectSetup> setups, TimeProvider time)
{
    public async Task<Result<ProjectView>> CreateAsync(Caller caller, string? name, CreateRequest? request, CancellationToken cancellationToken)
    {
        if (Names.Check("project", name) is { } invalid)
            return invalid;
        var created = await policy.ChangeAsync<Result<ProjectView>>(async before =>
        {
            if (!(await Replays.FindAsync<ProjectView>(db, caller, request, time.GetUtcNow(), cancellationToken)).Try(out var earlier, out var reused))
                return reused;
            if (earlier is not null)
                return earlier;
            var own = before.State.Projects.Values.Where(p => p.Organisation == caller.Scope.Organisation).ToList();
            if (own.Exists(p => p.Name == name))
                return Exists(name!);
            if (own.Count >= Limits.ProjectsPerOrganisation)
                return new Refusal(RefusalKind.Conflict, "project.too-many", $"An organisation has at most {Limits.ProjectsPerOrganisation} projects.");
            var now = time.GetUtcNow();
            var project = new Project { Id = Guid.CreateVersion7(now), Organisation = caller.Scope.Organisation, Name = name!, CreatedBy = caller.Id, CreatedAt = now, Revision = 1 };
            db.Projects.Add(project);
            var view = View(caller, project);
            Replays.Remember(db, caller, request, view, now);
            await db.CommitAsync(Event(caller, project, ControlEvents.Create, "project.create", $"Project {name} was made."), cancellationToken);
            return view;
        }, cancellationToken);
        if (created.Try(out var done, out _))
        {
            foreach (var setup in setups)
                await setup.PrepareAsync(caller.Scope with { Project = done.Id }, cancellationToken);
        }
        return created;
    }

    public Task<Result<ProjectView>> RenameAsync(Caller caller, string name, string? to, int expected, CancellationToken cancellationToken) =>
        policy.ChangeAsync<Result<ProjectView>>(async before =>
        {
            if (Names.Check("project", to) is { } invalid)
                return invalid;
            if (await FindAsync(caller, name, cancellationToken) is not { } project)
                return Unknown(name);
            if (project.Revision != expected)
                return ChangeRules.Stale;
            if (before.State.Projects.Values.Any(p => p.Organisation == caller.Scope.Organisation && p.Name == to && p.Id != project.Id))
                return Exists(to!);
            project.Name = to!;
            project.Revision++;
            await db.CommitAsync(Event(caller, project, ControlEvents.Update, "project.rename", $"Project {name} is called {to} now."), cancellationToken);
            return View(caller, project);
        }, cancellationToken);

    public async Task<Result<ProjectView>> ArchiveAsync(Caller caller, string name, bool archive, CancellationToken cancellationToken)
    {
        try
        {
            return await policy.ChangeAsync<Result<ProjectView>>(async _ =>
            {
                if (await FindAsync(caller, name, cancellationToken) is not { } project)
                    return Unknown(name);
                if (project.ArchivedAt is not null == archive)
                    return View(caller, project);
                project.ArchivedAt = archive ? time.GetUtcNow() : null;
                project.Revision++;
                await db.CommitAsync(
                    Event(caller, project, ControlEvents.Update, archive ? "project.archive" : "project.restore",
                        archive ? $"Nothing is pushed, deployed or called in {name} any more." : $"Work goes on in {name}.") with
                    {
                        Severity = EventSeverity.Medium,
                    },
                    cancellationToken);
                return View(caller, project);
            }, cancellationToken);
        }
        finally
        {
            // The gateways follow the tables, also when the record waits for a full disk.
            await gateways.PublishAsync(CancellationToken.None);
        }
    }

    public static ProjectView View(Caller caller, Project p) => new(p.Name, p.Id, p.CreatedAt, p.ArchivedAt, p.Id == caller.Scope.Project, p.Revision);

    public static Refusal Unknown(string name) => new(RefusalKind.NotFound, "project.unknown", $"There is no project '{Text.Printable(name, 63)}'.") { Remedy = "See: merlon project list" };

    private static Refusal Exists(string name) => new(RefusalKind.Conflict, "project.exists", $"There is already a project '{name}'.");

    private Task<Project?> FindAsync(Caller caller, string name, CancellationToken cancellationToken) =>
        db.Projects.SingleOrDefaultAsync(p => p.Organisation == caller.Scope.Organisation && p.Name == name, cancellationToken);

    private SecurityEvent Event(Caller caller, Project project, int activity, string operation, string message) =>
        events.By(caller, OcsfClass.EntityManagement, activity, operation, new EventResource("project", project.Id.ToString()), message);
}
