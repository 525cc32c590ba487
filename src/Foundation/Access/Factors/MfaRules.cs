using Merlon.Access.Contracts;
using Merlon.Access.Policy;
using Merlon.Access.Sessions;
using Merlon.Kernel;

namespace Merlon.Access.Factors;

/// <summary>When a person needs a second factor, and when a fresh one. Pure.</summary>
internal static class MfaRules
{
    public static readonly TimeSpan StepUpAge = TimeSpan.FromMinutes(5);

    private static readonly HashSet<string> s_stepUp = new(StringComparer.Ordinal)
    {
        Permissions.ModelApprove, Permissions.KeyManage, Permissions.AccessManage, Permissions.PrincipalManage, Permissions.PolicyChange, Permissions.SystemBackup,
        Permissions.ProjectManage, Permissions.OrganizationManage,
    };

    /// <summary>Environments where a deployment is no production. Whatever else it is called, it is treated as one.</summary>
    private static readonly HashSet<string> s_playgrounds = new(StringComparer.Ordinal) { "development", "dev", "test", "testing", "staging", "sandbox", "local", "ci", "qa" };

    private static readonly Refusal s_required = new(RefusalKind.Forbidden, "access.mfa-required", "Your role can change things, so you need a second factor before you can do anything.")
    {
        Remedy = "Enrol an authenticator: merlon mfa enrol",
    };

    public static readonly Refusal StepUpNeeded = new(RefusalKind.Forbidden, "access.step-up", "This needs a second factor that was proved in the last 5 minutes.")
    {
        Remedy = "Prove it again: merlon mfa verify",
    };

    /// <summary>Does any role of the person allow more than reading and calling?</summary>
    public static bool IsRequiredFor(AccessSnapshot snapshot, string principal) => snapshot.State.Members.TryGetValue(principal, out var member)
        && snapshot.BindingsOf(member).Any(b => b.Binding.Effect == BindingEffect.Allow && snapshot.State.VerbsOf(member.Organisation, b.Binding.Role).Any(Changes));

    /// <summary>A person whose role can change something does nothing at all before a second factor.</summary>
    public static Refusal? Missing(CallerSession session, AccessSnapshot snapshot, string principal) =>
        session is { IsPerson: true, MfaAt: null } && IsRequiredFor(snapshot, principal) ? s_required : null;

    /// <param name="session">How the caller came in.</param>
    /// <param name="verb">What is asked for.</param>
    /// <param name="isSafe">Whether the call only reads.</param>
    /// <param name="environment">Where a deployment goes; null where the call does not say.</param>
    /// <param name="now">The time of the call.</param>
    public static Refusal? Stale(CallerSession session, string verb, bool isSafe, string? environment, DateTimeOffset now)
    {
        if (!session.IsPerson || isSafe || !NeedsStepUp(verb, environment))
            return null;
        return IsStale(session, now) ? StepUpNeeded : null;
    }

    /// <summary>A proof from the future, after a jump of the clock, is no proof.</summary>
    public static bool IsStale(CallerSession session, DateTimeOffset now) => session.MfaAt is not { } at || at > now || now - at > StepUpAge;

    private static bool NeedsStepUp(string verb, string? environment) =>
        s_stepUp.Contains(verb) || (verb == Permissions.EndpointDeploy && (environment is null || !s_playgrounds.Contains(environment)));

    private static bool Changes(string verb) => verb != Permissions.EndpointInvoke && !verb.EndsWith(":read", StringComparison.Ordinal);
}
