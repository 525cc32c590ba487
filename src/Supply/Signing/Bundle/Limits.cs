namespace Merlon.Signing.Bundle;

/// <summary>All bounds on a hostile signature bundle.</summary>
internal static class Limits
{
    public const int MaxBundleBytes = 32 * 1024 * 1024;
    public const int MaxJsonDepth = 16;
    public const int MaxResources = 100_000;
    public const int MaxSignatureBytes = 256;
}
