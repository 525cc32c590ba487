using Merlon.Kernel;

namespace Merlon.Access.Model;

/// <summary>The code of the first start, good for one redemption.</summary>
internal sealed class BootstrapCode
{
    public required Digest CodeHash { get; init; }
    public required DateTimeOffset NotAfter { get; init; }
    public DateTimeOffset? RedeemedAt { get; set; }

    /// <summary>Guards against two redemptions at once: the second one's save fails.</summary>
    public int Revision { get; set; }
}
