using System.Globalization;

namespace Merlon.Scanning.Reports;

/// <summary>A finding's location, <c>PATH[!/PART][@OFFSET]</c>, taken apart.</summary>
internal static class FindingPlace
{
    public static long? Offset(string? location)
    {
        var at = location?.LastIndexOf('@') ?? -1;
        return at >= 0 && long.TryParse(location.AsSpan(at + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var offset) ? offset : null;
    }
}
