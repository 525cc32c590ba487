namespace Merlon.Scanning.Files;

/// <summary>How much of a weights file belongs to tensors.</summary>
internal static class Coverage
{
    public static void Judge(string path, long size, List<(long From, long To)> ranges, FindingList findings)
    {
        ranges.Sort();
        long covered = 0, end = 0;
        foreach (var (from, to) in ranges)
        {
            covered += Math.Max(0, to - Math.Max(from, end));
            end = Math.Max(end, to);
        }
        var hidden = size - covered;
        // Writers align tensors to pages: that much per tensor is no hiding place.
        if (hidden > Limits.UnreferencedBytes && hidden > 4096L * ranges.Count)
            findings.Warn("file.weights-unreferenced", $"{hidden} of {size} bytes belong to no tensor.", path);
    }
}
