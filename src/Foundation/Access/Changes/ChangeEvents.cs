using Merlon.Access.Contracts;
using Merlon.Access.Policy;
using Merlon.Kernel;

namespace Merlon.Access.Changes;

/// <summary>Tells of a change: a principal's rights as Account Change (3001), everything else as Entity Management (3004).</summary>
internal static class ChangeEvents
{
    private const int AttachPolicy = 7, DetachPolicy = 8, AccountOther = 99;

    public static SecurityEvent Of(ControlEvents events, Caller caller, AccessChange change, AccessState before, string? requestedBy)
    {
        List<EventAttribute> attributes = requestedBy is null ? [] : [("requested_by", requestedBy)];
        attributes.Add(("subject", change.Subject));
        switch (change)
        {
            case RoleChange { Verbs: { } verbs }:
                attributes.Add(("verbs", string.Join(' ', verbs)));
                break;
            case GroupChange { Members: { } members }:
                attributes.Add(("members", members.Count));
                break;
            case BindingChange binding:
                return OfBinding(events, caller, binding, before, attributes);
        }
        var activity = change.Removes ? ControlEvents.Delete : change.Expected == 0 ? ControlEvents.Create : ControlEvents.Update;
        var parts = change.Subject.Split('/');
        return events.By(caller, OcsfClass.EntityManagement, activity, change.Operation, new EventResource(parts[0], parts[1])) with { Attributes = attributes };
    }

    private static SecurityEvent OfBinding(ControlEvents events, Caller caller, BindingChange change, AccessState before, List<EventAttribute> attributes)
    {
        var old = before.Bindings.GetValueOrDefault(change.Id);
        var (role, subject, scope) = change.Form is { } form ? (form.Role, form.Subject, form.Scope) : (old!.Role, old.Subject, old.Scope.ToString());
        var effect = change.Form?.Effect ?? (old!.Effect == BindingEffect.Deny ? "deny" : "allow");
        attributes.AddRange([("role", role), ("scope", scope), ("effect", effect), ("bound_to", subject)]);
        var isGroup = subject.StartsWith(Group.Prefix, StringComparison.Ordinal);
        var activity = isGroup
            ? (change.Removes ? ControlEvents.Delete : change.Expected == 0 ? ControlEvents.Create : ControlEvents.Update)
            : change.Removes ? DetachPolicy : change.Expected == 0 ? AttachPolicy : AccountOther;
        return events.By(caller, isGroup ? OcsfClass.EntityManagement : OcsfClass.AccountChange, activity, change.Operation,
            new EventResource(isGroup ? "binding" : "principal", isGroup ? $"{change.Id}" : subject), $"Role {role} on {scope}: {effect}.") with
        {
            Severity = role == Permissions.Owner ? EventSeverity.Medium : EventSeverity.Informational,
            Attributes = attributes,
        };
    }
}
