namespace Merlon.Scanning.Safetensors;

/// <summary>All bounds on a safetensors file.</summary>
internal static class Limits
{
    /// <summary>The format's own bound on its header.</summary>
    public const int HeaderBytes = 100_000_000;
    public const int Tensors = 1_000_000;
    public const int Dimensions = 32;
    public const int JsonDepth = 4;
}
