namespace Merlon.Scanning.TensorFlow;

/// <summary>All bounds on a TensorFlow graph.</summary>
internal static class Limits
{
    public const int Nodes = 5_000_000;
    public const int Functions = 200_000;
    public const int NameBytes = 64 * 1024;

    /// <summary>Top-level fields that are looked at to tell what a file is.</summary>
    public const int SniffedFields = 1_000_000;
}
