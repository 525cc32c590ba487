using System.Collections.Frozen;

namespace Merlon.Access.Contracts;

/// <summary>Permissions are verbs on resource types; roles are named sets of them. What is not listed is not allowed.</summary>
public static class Permissions
{
    public const string ModelRead = "model:read";
    public const string ModelPush = "model:push";
    public const string ModelPull = "model:pull";
    public const string ModelSign = "model:sign";
    public const string ModelApprove = "model:approve";
    public const string ModelAdmit = "model:admit";
    public const string EndpointRead = "endpoint:read";
    public const string EndpointDeploy = "endpoint:deploy";
    public const string KeyRead = "key:read";
    public const string KeyManage = "key:manage";
    public const string PolicyRead = "policy:read";
    public const string PolicyChange = "policy:change";
    public const string LedgerRead = "ledger:read";
    public const string PrincipalManage = "principal:manage";
    public const string SystemRead = "system:read";
    public const string SystemBackup = "system:backup";
    public const string EndpointInvoke = "endpoint:invoke";
    public const string AccessRead = "access:read";
    public const string AccessManage = "access:manage";
    public const string ProjectManage = "project:manage";
    public const string OrganizationManage = "organization:manage";

    private static readonly string[] s_read = [ModelRead, EndpointRead, KeyRead, PolicyRead, LedgerRead, SystemRead, AccessRead];

    private static readonly FrozenDictionary<string, FrozenSet<string>> s_roles = new Dictionary<string, FrozenSet<string>>
    {
        [Owner] = Set([.. s_read, ModelPush, ModelPull, ModelSign, ModelApprove, ModelAdmit, EndpointDeploy, KeyManage, PolicyChange,
            PrincipalManage, AccessManage, SystemBackup, EndpointInvoke, ProjectManage, OrganizationManage]),
        ["security-officer"] = Set([.. s_read, ModelApprove, ModelAdmit, KeyManage, PolicyChange, AccessManage]),
        ["ml-engineer"] = Set([ModelRead, ModelPush, ModelPull, ModelSign, ModelAdmit, EndpointRead, EndpointDeploy, PolicyRead]),
        ["approver"] = Set([ModelRead, ModelApprove, ModelAdmit, EndpointRead, PolicyRead]),
        ["operator"] = Set([ModelRead, EndpointRead, EndpointDeploy, KeyRead, SystemRead, SystemBackup]),
        ["auditor"] = Set(s_read),
        ["caller"] = Set([EndpointInvoke]),
    }.ToFrozenDictionary(StringComparer.Ordinal);

    public static IEnumerable<string> Roles => s_roles.Keys.Order(StringComparer.Ordinal);

    /// <summary>The verbs of a role; empty for a role that does not exist.</summary>
    public static FrozenSet<string> Of(string role) => s_roles.TryGetValue(role, out var set) ? set : FrozenSet<string>.Empty;

    /// <summary>Every verb there is: the owner has them all.</summary>
    public static FrozenSet<string> All => s_roles[Owner];

    public const string Owner = "owner";

    public static bool IsRole(string role) => s_roles.ContainsKey(role);

    /// <summary>Verbs about the organisation as a whole: a role in one project does not give them.</summary>
    internal static bool IsOrganisationWide(string permission) => permission is ProjectManage or OrganizationManage;

    /// <summary>
    /// Verbs with which one gives rights to others, or to a new credential of one's own. A token for named verbs never has them: it could make itself one
    /// without that bound.
    /// </summary>
    internal static bool Gives(string permission) => permission is AccessManage or PrincipalManage or KeyManage or OrganizationManage;

    /// <summary>The type of resource that a verb is about.</summary>
    internal static string TypeOf(string permission) => permission[..permission.IndexOf(':', StringComparison.Ordinal)];

    private static FrozenSet<string> Set(IEnumerable<string> verbs) => verbs.ToFrozenSet(StringComparer.Ordinal);
}
