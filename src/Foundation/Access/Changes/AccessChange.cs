using System.Text.Json.Serialization;
using Merlon.Access.Policy;

namespace Merlon.Access.Changes;

/// <summary>One change of access, as it is asked for and as it waits for a second person.</summary>
/// <param name="Expected">The revision that is changed; 0 makes something new.</param>
[JsonDerivedType(typeof(RoleChange), "role")]
[JsonDerivedType(typeof(GroupChange), "group")]
[JsonDerivedType(typeof(BindingChange), "binding")]
internal abstract record AccessChange(int Expected)
{
    /// <summary>What it is about, as in the address of the API.</summary>
    [JsonIgnore]
    public abstract string Subject { get; }

    [JsonIgnore]
    public abstract bool Removes { get; }

    [JsonIgnore]
    public string Operation => $"{Subject.Split('/')[0]}.{(Removes ? "delete" : Expected == 0 ? "create" : "update")}";
}

/// <param name="Verbs">Null removes the role.</param>
internal sealed record RoleChange(string Name, IReadOnlyList<string>? Verbs, int Expected) : AccessChange(Expected)
{
    public override string Subject => "role/" + Name;
    public override bool Removes => Verbs is null;
}

/// <param name="Members">Principal ids and <c>group:NAME</c>; null removes the group.</param>
internal sealed record GroupChange(string Name, IReadOnlyList<string>? Members, int Expected) : AccessChange(Expected)
{
    public override string Subject => "group/" + Name;
    public override bool Removes => Members is null;
}

/// <param name="Form">Null removes the binding.</param>
internal sealed record BindingChange(Guid Id, BindingForm? Form, int Expected) : AccessChange(Expected)
{
    public override string Subject => "binding/" + Id;
    public override bool Removes => Form is null;
}
