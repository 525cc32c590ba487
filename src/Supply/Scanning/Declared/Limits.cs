namespace Merlon.Scanning.Declared;

/// <summary>All bounds on a hostile merlon.yaml. Depth is bounded by <see cref="Contracts.PlainYaml.MaxDepth"/>.</summary>
internal static class Limits
{
    public const int MaxBytes = 256 * 1024;
    public const int MaxRank = 8;
    public const int MaxInputs = 256;
    public const int MaxColumns = 16_384;
    public const int MaxCategories = 10_000;
    public const int MaxBatch = 65_536;
    public const int MaxBodyBytes = 48 * 1024 * 1024;
    public const int MaxElementBytes = 1024 * 1024;
}
