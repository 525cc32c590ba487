namespace Merlon.Access.Policy;

internal enum BindingEffect
{
    Allow,
    Deny,
}

internal enum ScopeLevel
{
    Organisation,
    Project,
    Resource,
}

/// <summary>Where a binding holds. A resource lies in one project.</summary>
internal sealed record BindingScope(ScopeLevel Level, Guid Project, string Type, string Name)
{
    public static readonly BindingScope Organisation = new(ScopeLevel.Organisation, Guid.Empty, "", "");

    public static BindingScope OfProject(Guid project) => new(ScopeLevel.Project, project, "", "");

    public static BindingScope OfResource(Guid project, string type, string name) => new(ScopeLevel.Resource, project, type, name);

    public bool Covers(AccessTarget target) => Level switch
    {
        ScopeLevel.Organisation => true,
        ScopeLevel.Project => Project == target.Project,
        _ => Project == target.Project && target.Name is not null && Type == target.Type && Name == target.Name,
    };

    /// <summary>As people write it: <c>organisation</c>, <c>project</c> or <c>type/name</c>.</summary>
    public override string ToString() => Level switch
    {
        ScopeLevel.Organisation => "organisation",
        ScopeLevel.Project => "project",
        _ => $"{Type}/{Name}",
    };
}

/// <summary>A role for a principal or a group on a scope.</summary>
/// <param name="Subject">A principal's id, or <c>group:NAME</c>.</param>
internal sealed record Binding(
    Guid Id, Guid Organisation, string Role, string Subject, BindingEffect Effect, BindingScope Scope, BindingConditions? Conditions, DateTimeOffset CreatedAt, int Revision);

/// <summary>What a decision is about: a project of an organisation, or one resource in it.</summary>
internal readonly record struct AccessTarget(Guid Organisation, Guid Project, string? Type = null, string? Name = null);

/// <summary>What is known about the call. Null is unknown: an allowing binding that asks for it does not apply, a denying one does.</summary>
internal readonly record struct AccessContext(
    DateTimeOffset? Now, System.Net.IPAddress? Source = null, string? Environment = null, DateTimeOffset? MfaAt = null, string? Region = null);
