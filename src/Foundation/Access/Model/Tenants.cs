namespace Merlon.Access.Model;

/// <summary>A tenant: nothing of it is ever seen from another.</summary>
internal sealed class Organisation
{
    public required Guid Id { get; init; }
    public required string Name { get; init; }
    public string? CreatedBy { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
}

/// <summary>Where models, endpoints and keys lie. Nothing new happens in an archived one; it can be read.</summary>
internal sealed class Project
{
    public required Guid Id { get; init; }
    public required Guid Organisation { get; init; }
    public required string Name { get; set; }
    public string? CreatedBy { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public DateTimeOffset? ArchivedAt { get; set; }
    public int Revision { get; set; }
}
