using System.Collections.Frozen;
using Merlon.Access.Contracts;

namespace Merlon.Access.Policy;

/// <summary>A project as far as decisions need it.</summary>
internal sealed record ProjectState(Guid Id, Guid Organisation, string Name, bool IsArchived);

/// <summary>What nobody may do in an archived project, whatever they are bound to: everything that makes, moves or runs a model. Reading and taking away go on.</summary>
internal static class ArchiveRules
{
    private static readonly FrozenSet<string> s_stopped = new[]
    {
        Permissions.ModelPush, Permissions.ModelSign, Permissions.ModelApprove, Permissions.ModelAdmit, Permissions.EndpointDeploy, Permissions.EndpointInvoke,
    }.ToFrozenSet(StringComparer.Ordinal);

    public static bool Stops(string verb) => s_stopped.Contains(verb);
}
