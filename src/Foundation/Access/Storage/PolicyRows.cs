using Merlon.Kernel;

namespace Merlon.Access.Storage;

/// <summary>An organisation's own role; verbs are separated by spaces.</summary>
internal sealed class RoleRow
{
    public required Guid Organisation { get; init; }
    public required string Name { get; init; }
    public required string Verbs { get; set; }
    public required int Revision { get; set; }
}

/// <summary>A group; members are separated by spaces.</summary>
internal sealed class GroupRow
{
    public required Guid Organisation { get; init; }
    public required string Name { get; init; }
    public required string Members { get; set; }
    public required int Revision { get; set; }
}

internal sealed class BindingRow
{
    public required Guid Id { get; init; }
    public required Guid Organisation { get; init; }
    public required Guid Project { get; set; }
    public required string Role { get; set; }
    public required string Subject { get; set; }
    public required string Effect { get; set; }

    /// <summary>As people write it; a resource lies in <see cref="Project"/>.</summary>
    public required string Scope { get; set; }
    public string? Conditions { get; set; }
    public required DateTimeOffset CreatedAt { get; init; }
    public required int Revision { get; set; }
}

/// <summary>A change of access that waits for a second person, or what became of it.</summary>
internal sealed class ChangeRow
{
    public required Guid Id { get; init; }
    public required Guid Organisation { get; init; }
    public required Guid Project { get; init; }
    public required string Change { get; init; }
    public required string Summary { get; init; }
    public required string RequestedBy { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public required DateTimeOffset NotAfter { get; init; }
    public string? DecidedBy { get; set; }
    public DateTimeOffset? DecidedAt { get; set; }
    public bool? Approved { get; set; }
}

internal sealed class UsageRow
{
    public required string PrincipalId { get; init; }
    public required string Verb { get; init; }
    public required DateTimeOffset LastUsedAt { get; set; }
}

/// <summary>The answer to a create that may be sent twice. Never holds a secret.</summary>
internal sealed class IdempotencyRow
{
    public required string Actor { get; init; }
    public required string Key { get; init; }
    public required Digest RequestHash { get; init; }
    public required string Outcome { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
}
