namespace Merlon.Access.Policy;

/// <summary>One binding that was looked at, and what became of it.</summary>
/// <param name="Path">The groups through which it reaches the principal; empty when it names the principal.</param>
/// <param name="Outcome"><c>denies</c>, <c>allows</c>, <c>other verbs</c>, <c>other scope</c> or <c>condition</c>.</param>
/// <param name="Failed">The conditions that do not surely hold.</param>
internal sealed record ExplainedBinding(
    Guid Binding, string Role, string Effect, string Scope, IReadOnlyList<string> Path, string Outcome, IReadOnlyList<string> Failed);

/// <summary>
/// The same question as <see cref="AccessSnapshot.Decide"/>, answered slowly by looking at every binding. Tests hold the two together.
/// </summary>
internal sealed record Explanation(bool Allowed, string Reason, IReadOnlyList<ExplainedBinding> Chain)
{
    public static Explanation Of(AccessSnapshot snapshot, string principal, string verb, AccessTarget target, AccessContext context)
    {
        if (!snapshot.State.Members.TryGetValue(principal, out var member) || member.Organisation != target.Organisation)
            return new Explanation(false, "There is no such principal in this organisation.", []);
        if (!member.Enabled)
            return new Explanation(false, "The principal is disabled.", []);
        if (snapshot.IsStopped(verb, target.Project))
            return new Explanation(false, "The project is archived: it can be read, and nothing new happens in it.", []);
        var chain = snapshot.BindingsOf(member).Select(b => Look(snapshot.State, b.Binding, b.Path, verb, target, context)).ToList();
        if (chain.Find(step => step.Outcome == "denies") is { } denying)
            return new Explanation(false, $"Binding {denying.Binding} denies: {Words(denying)}.", chain);
        return chain.Find(step => step.Outcome == "allows") is { } allowing
            ? new Explanation(true, $"Binding {allowing.Binding} allows: {Words(allowing)}.", chain)
            : new Explanation(false, "No binding allows it, and what nothing allows is denied.", chain);
    }

    private static ExplainedBinding Look(
        AccessState state, Binding binding, IReadOnlyList<string> path, string verb, AccessTarget target, AccessContext context)
    {
        var held = binding.Conditions?.Check(context) ?? Held.Yes;
        var outcome = (binding.Effect, held) switch
        {
            _ when !state.VerbsOf(binding.Organisation, binding.Role).Contains(verb) => "other verbs",
            _ when !binding.Scope.Covers(target) => "other scope",
            (BindingEffect.Deny, not Held.No) => "denies",
            (BindingEffect.Allow, Held.Yes) => "allows",
            _ => "condition",
        };
        return new ExplainedBinding(binding.Id, binding.Role, binding.Effect == BindingEffect.Deny ? "deny" : "allow", binding.Scope.ToString(), path, outcome,
            held == Held.Yes ? [] : [.. binding.Conditions!.Failures(context)]);
    }

    private static string Words(ExplainedBinding step) =>
        $"role {step.Role} on {step.Scope}{(step.Path.Count == 0 ? "" : $" through group {string.Join(" in ", step.Path)}")}";
}
