using Merlon.Access.Policy;
using Merlon.Access.Sessions;
using Merlon.Kernel;
using Microsoft.AspNetCore.Http;

namespace Merlon.Access.Contracts;

/// <summary>Who makes this call, resolved once per request.</summary>
/// <param name="Id">Pseudonymous principal id, as it stands in events.</param>
/// <param name="Role">Names of the roles that reach the principal, for people; decisions do not read it.</param>
public sealed record Caller(string Id, Scope Scope, string Role)
{
    internal AccessSnapshot Snapshot { get; init; } = AccessSnapshot.Empty;
    internal AccessContext Context { get; init; }
    internal CallerSession Session { get; init; } = CallerSession.None;

    /// <summary>May the caller do this in the project, or on one resource of it?</summary>
    /// <param name="permission">The verb, as in <see cref="Permissions"/>.</param>
    /// <param name="resource">Name of the resource, whose type is the one in the verb; null asks for the whole project.</param>
    /// <param name="environment">The environment that it is about, where the call names one.</param>
    public bool May(string permission, string? resource = null, string? environment = null)
    {
        if (Session.Verbs?.Contains(permission) == false)
            return false;
        var project = Permissions.IsOrganisationWide(permission) ? Guid.Empty : Scope.Project;
        var target = new AccessTarget(Scope.Organisation, project, resource is null ? null : Permissions.TypeOf(permission), resource);
        return Snapshot.Decide(Id, permission, target, Context with { Environment = environment }).Allowed;
    }

    /// <summary>The caller of an authorised request. Lets endpoints take it as a parameter.</summary>
    public static ValueTask<Caller> BindAsync(HttpContext context) => ValueTask.FromResult(
        context.Features.Get<Caller>() ?? throw new InvalidOperationException("The route was reached without a caller."));
}
