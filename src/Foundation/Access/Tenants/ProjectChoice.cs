using Merlon.Access.Policy;
using Merlon.Kernel;
using Microsoft.AspNetCore.Http;

namespace Merlon.Access.Tenants;

/// <summary>Which project of the caller's organisation a call is about.</summary>
internal static class ProjectChoice
{
    public const string Header = "X-Merlon-Project";

    /// <summary>The principal's own project, or the one that the call names. One that the principal has no role in looks like one that is not there.</summary>
    public static Result<Scope> Of(HttpRequest request, string principal, Scope own, AccessSnapshot snapshot)
    {
        var name = request.Headers[Header].ToString();
        if (name.Length == 0)
            return own;
        return snapshot.State.Projects.Values.FirstOrDefault(p => p.Organisation == own.Organisation && p.Name == name) is { } project
            && (project.Id == own.Project || snapshot.Reaches(principal, project.Id))
            ? own with { Project = project.Id }
            : Unknown(request);
    }

    public static Refusal Unknown(HttpRequest request) => ProjectService.Unknown(request.Headers[Header].ToString());
}
