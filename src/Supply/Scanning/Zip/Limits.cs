namespace Merlon.Scanning.Zip;

/// <summary>All bounds of the zip reader.</summary>
internal static class Limits
{
    public const int Entries = 50_000;

    /// <summary>Bytes of a name.</summary>
    public const int Name = 1024;

    /// <summary>Bytes of a central directory.</summary>
    public const int Directory = 32 * 1024 * 1024;

    /// <summary>How many times larger a deflated entry may become. The format itself cannot exceed 1032.</summary>
    public const int Ratio = 1100;
}
