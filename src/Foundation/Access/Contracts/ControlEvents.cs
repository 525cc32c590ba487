using Merlon.Kernel;

namespace Merlon.Access.Contracts;

/// <summary>Makes the events of the control role: one id, one clock and one service name for all of them.</summary>
public sealed class ControlEvents(TimeProvider time)
{
    public const string Service = "control";

    /// <summary>OCSF activity ids that most classes share.</summary>
    public const int Create = 1, Read = 2, Update = 3, Delete = 4, Other = 99;

    public SecurityEvent By(Caller caller, OcsfClass ocsfClass, int activity, string operation, EventResource? resource = null, string? message = null) =>
        By(caller.Id, caller.Scope, ocsfClass, activity, operation, resource, message);

    public SecurityEvent By(
        string actor, Scope scope, OcsfClass ocsfClass, int activity, string operation, EventResource? resource = null, string? message = null)
    {
        var now = time.GetUtcNow();
        return new SecurityEvent
        {
            Id = Guid.CreateVersion7(now),
            Time = now,
            Class = ocsfClass,
            Activity = activity,
            Operation = operation,
            Scope = scope,
            Actor = actor,
            Service = Service,
            Resource = resource,
            Message = message,
        };
    }
}
