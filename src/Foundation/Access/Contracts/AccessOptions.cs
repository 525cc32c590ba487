namespace Merlon.Access.Contracts;

/// <summary>What an installation decides about access.</summary>
public sealed record AccessOptions
{
    /// <summary>For how long a principal is no second person for whoever made it.</summary>
    public TimeSpan SecondPersonAge { get; init; } = TimeSpan.FromDays(30);
}
