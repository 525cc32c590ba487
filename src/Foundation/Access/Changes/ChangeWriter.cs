using Merlon.Access.Storage;
using Merlon.Kernel;

namespace Merlon.Access.Changes;

/// <summary>Brings a judged change to the tables; the caller commits.</summary>
internal static class ChangeWriter
{
    public static async Task WriteAsync(AccessDb db, Scope at, AccessChange change, DateTimeOffset now, CancellationToken cancellationToken)
    {
        switch (change)
        {
            case RoleChange role:
                await WriteAsync(db, at, role, cancellationToken);
                break;
            case GroupChange group:
                await WriteAsync(db, at, group, cancellationToken);
                break;
            case BindingChange binding:
                await WriteAsync(db, at, binding, now, cancellationToken);
                break;
        }
    }

    private static async Task WriteAsync(AccessDb db, Scope at, RoleChange change, CancellationToken cancellationToken)
    {
        var row = await db.Roles.FindAsync([at.Organisation, change.Name], cancellationToken);
        if (change.Verbs is null)
            db.Roles.Remove(row!);
        else if (row is null)
            db.Roles.Add(new RoleRow { Organisation = at.Organisation, Name = change.Name, Verbs = string.Join(' ', change.Verbs), Revision = 1 });
        else
            (row.Verbs, row.Revision) = (string.Join(' ', change.Verbs), change.Expected + 1);
    }

    private static async Task WriteAsync(AccessDb db, Scope at, GroupChange change, CancellationToken cancellationToken)
    {
        var row = await db.Groups.FindAsync([at.Organisation, change.Name], cancellationToken);
        if (change.Members is null)
            db.Groups.Remove(row!);
        else if (row is null)
            db.Groups.Add(new GroupRow { Organisation = at.Organisation, Name = change.Name, Members = string.Join(' ', change.Members), Revision = 1 });
        else
            (row.Members, row.Revision) = (string.Join(' ', change.Members), change.Expected + 1);
    }

    private static async Task WriteAsync(AccessDb db, Scope at, BindingChange change, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var row = await db.Bindings.FindAsync([change.Id], cancellationToken);
        if (change.Form is null)
        {
            db.Bindings.Remove(row!);
            return;
        }
        if (row is null)
        {
            db.Bindings.Add(Row(change.Id, at, change.Form, now));
            return;
        }
        (row.Role, row.Subject, row.Effect, row.Scope) = (change.Form.Role, change.Form.Subject, change.Form.Effect, change.Form.Scope);
        (row.Project, row.Conditions, row.Revision) = (at.Project, change.Form.ConditionsText, change.Expected + 1);
    }

    public static BindingRow Row(Guid id, Scope at, Policy.BindingForm form, DateTimeOffset now) => new()
    {
        Id = id, Organisation = at.Organisation, Project = at.Project, Role = form.Role, Subject = form.Subject, Effect = form.Effect, Scope = form.Scope,
        Conditions = form.ConditionsText, CreatedAt = now, Revision = 1,
    };
}
