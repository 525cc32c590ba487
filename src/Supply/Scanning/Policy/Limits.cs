namespace Merlon.Scanning.Policy;

/// <summary>All bounds of a scan policy; its depth is bounded by <see cref="Contracts.PlainYaml.MaxDepth"/>.</summary>
internal static class Limits
{
    public const int Bytes = 256 * 1024;
    public const int Names = 5000;
    public const int Changes = 500;

    /// <summary>Letters of a module or a name.</summary>
    public const int NameLength = 200;

    /// <summary>Letters of a reason, a library, a range of versions or a path.</summary>
    public const int TextLength = 300;
}
