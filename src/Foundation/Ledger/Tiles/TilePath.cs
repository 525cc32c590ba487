using System.Globalization;

namespace Merlon.Ledger;

/// <summary>Names of tiles as in C2SP tlog-tiles: <c>tile/L/N[.p/W]</c>, where level -1 stands for <c>entries</c>.</summary>
internal static class TilePath
{
    /// <summary>Hashes (or entries) in a full tile.</summary>
    internal const int Width = 256;

    /// <summary>The level number under which this code handles entry bundles.</summary>
    internal const int Entries = -1;

    internal static string Of(int level, long index, int width)
    {
        var full = FullPath(level, index);
        return width == Width ? full : string.Create(CultureInfo.InvariantCulture, $"{full}.p/{width}");
    }

    /// <summary>The directory that holds the partial versions of a tile.</summary>
    internal static string PartialDirectory(int level, long index) => FullPath(level, index) + ".p";

    private static string FullPath(int level, long index)
    {
        var name = index.ToString("000", CultureInfo.InvariantCulture);
        if (index >= 1000)
        {
            // 1234067 becomes x001/x234/067.
            var path = (index % 1000).ToString("000", CultureInfo.InvariantCulture);
            for (var rest = index / 1000; rest > 0; rest /= 1000)
                path = string.Create(CultureInfo.InvariantCulture, $"x{rest % 1000:000}/{path}");
            name = path;
        }
        var levelName = level == Entries ? "entries" : level.ToString(CultureInfo.InvariantCulture);
        return $"tile/{levelName}/{name}";
    }
}
