namespace Merlon.Registry.Push;

/// <summary>All bounds on a hostile upload.</summary>
internal static class Limits
{
    public const int MaxFiles = 10_000;
    public const int MaxPathBytes = 512;
    public const int MaxPathDepth = 32;
    public const long MaxFileBytes = 1L << 42;
    public const long MaxTotalBytes = 1L << 43;
    public const int MaxOpenUploadsPerPrincipal = 16;
}
