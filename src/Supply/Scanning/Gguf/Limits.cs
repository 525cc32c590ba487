namespace Merlon.Scanning.Gguf;

/// <summary>All bounds on a GGUF file.</summary>
internal static class Limits
{
    public const ulong Tensors = 1_000_000;
    public const ulong Pairs = 100_000;

    /// <summary>Largest single text: chat templates and licences are the longest.</summary>
    public const ulong TextBytes = 16 * 1024 * 1024;
    public const ulong KeyBytes = ushort.MaxValue;
    public const ulong TensorNameBytes = 128;
    public const ulong ArrayItems = 64 * 1024 * 1024;
    public const int ArrayDepth = 3;
    public const uint Dimensions = 4;
    public const uint Alignment = 64 * 1024;

    /// <summary>Alternative chat templates.</summary>
    public const int Templates = 64;
}
