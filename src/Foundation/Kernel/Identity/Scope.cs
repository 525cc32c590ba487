namespace Merlon.Kernel;

/// <summary>
/// Where a thing lives: the organisation (tenant) and the project in it. Part of every id, key, blob and event.
/// </summary>
public readonly record struct Scope(Guid Organisation, Guid Project)
{
    /// <summary>The pair that exists from the first start.</summary>
    public static readonly Scope Default = new(
        new Guid("00000000-0000-7000-8000-000000000001"),
        new Guid("00000000-0000-7000-8000-000000000002"));
}
