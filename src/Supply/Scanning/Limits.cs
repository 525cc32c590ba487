namespace Merlon.Scanning;

/// <summary>All bounds of a scan, on either side of the sandbox's wall.</summary>
internal static class Limits
{
    /// <summary>Files of one artifact.</summary>
    public const int Files = 1024;

    /// <summary>Findings of one report; the rest are the same story.</summary>
    public const int Findings = 500;

    /// <summary>Bytes at the start of a file that tell what it is.</summary>
    public const int SniffBytes = 4096;

    /// <summary>Bytes of one read through the wall.</summary>
    public const int ReadBytes = 1024 * 1024;

    /// <summary>How often a scan may read the artifact: to tell what it is, as that, and as what else it might be taken for.</summary>
    public const int Readings = 4;

    /// <summary>Bytes that one scan may read beyond that.</summary>
    public const long ExtraReadBytes = 64L * 1024 * 1024;

    /// <summary>Largest report, in bytes.</summary>
    public const int ReportBytes = 4 * 1024 * 1024;

    /// <summary>Bytes of an external data file that no tensor refers to: alignment, and not a hiding place.</summary>
    public const long UnreferencedBytes = 64 * 1024;

    /// <summary>Containers inside containers.</summary>
    public const int Depth = 6;

    /// <summary>Parts of one file that have content of their own.</summary>
    public const int Parts = 100_000;

    /// <summary>Bytes to which all compressed content of one file may grow.</summary>
    public const long ExpandedBytes = 16L * 1024 * 1024 * 1024;

    /// <summary>Bytes of one compressed part that are kept in memory because its format needs seeking.</summary>
    public const int KeptBytes = 64 * 1024 * 1024;
}
