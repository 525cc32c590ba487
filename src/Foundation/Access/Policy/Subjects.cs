using Merlon.Access.Model;
using Merlon.Kernel;

namespace Merlon.Access.Policy;

/// <summary>Between the names that people use and the ids that bindings hold. A name is one of the caller's organisation, those of the project first.</summary>
internal static class Subjects
{
    /// <summary>The id for a principal's name or id, <c>group:NAME</c> or <c>key:NAME</c>; what is unknown stays as it is and is refused later.</summary>
    public static string Resolve(AccessState state, Scope at, string? text)
    {
        if (string.IsNullOrEmpty(text) || text.StartsWith(Group.Prefix, StringComparison.Ordinal))
            return text ?? "";
        return FindMember(state, at, text)?.Id ?? text;
    }

    public static Member? FindMember(AccessState state, Scope at, string text)
    {
        if (state.Members.TryGetValue(text, out var byId))
            return IsNamed(byId, at) ? byId : null;
        return state.Members.Values.Where(m => m.Name == text && IsNamed(m, at)).OrderBy(m => m.Project != at.Project).FirstOrDefault();
    }

    /// <summary>People and services can be given roles in every project of their organisation; keys and workloads are of one.</summary>
    private static bool IsNamed(Member member, Scope at) => member.Organisation == at.Organisation && (member.Project == at.Project || !IsKey(member));

    public static string NameOf(AccessState state, string subject) => state.Members.TryGetValue(subject, out var member) ? member.Name : subject;

    public static bool IsKey(Member member) => IsMachine(member.Id);

    /// <summary>A key or a workload: known to the gateways by their snapshot, which holds no conditions and no groups.</summary>
    public static bool IsMachine(string id) => id.StartsWith(ApiKey.PrincipalPrefix, StringComparison.Ordinal) || id.StartsWith(Workload.PrincipalPrefix, StringComparison.Ordinal);
}
