using System.Globalization;

namespace Merlon.Scanning.Content;

/// <summary>How scanners of files with offsets report.</summary>
internal static class FindingPlaces
{
    public static string At(this ContentTarget target, long offset) =>
        offset < 0 ? target.Location : string.Create(CultureInfo.InvariantCulture, $"{target.Location}@{offset}");

    public static string Part(this ContentTarget target, string part) => $"{target.Location}!/{part}";

    public static void Block(this ContentScan scan, ContentTarget target, MalformedException e) => scan.Findings.Block(e.Rule, e.Message, target.At(e.Offset));
}
