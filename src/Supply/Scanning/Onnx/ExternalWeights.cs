using Merlon.Onnx.Contracts;
using Merlon.Scanning.Content;
using Merlon.Scanning.Files;

namespace Merlon.Scanning.Onnx;

/// <summary>A file of raw numbers that an ONNX model beside it refers to.</summary>
internal static class ExternalWeights
{
    /// <summary>Models that are asked.</summary>
    private const int Models = 8;

    /// <returns>False when no model refers to the file.</returns>
    public static bool Judge(ContentTarget target, ContentScan scan)
    {
        if (target.Depth > 0 || scan.Beside is not { } beside)
            return false;
        foreach (var file in beside.Files.Where(file => file.Path.EndsWith(".onnx", StringComparison.OrdinalIgnoreCase)).Take(Models))
        {
            if (Ranges(file.Path, target.Location, scan) is not { } ranges)
                continue;
            scan.Rename(target, "onnx-weights");
            Coverage.Judge(target.Location, target.Content.Length, ranges, scan.Findings);
            return true;
        }
        return false;
    }

    private static List<(long From, long To)>? Ranges(string model, string path, ContentScan scan)
    {
        try
        {
            using var stream = scan.Beside!.Open(model);
            // Its own findings belong to its own report.
            var rules = new OnnxFormatRules(OnnxScanner.Request(scan), new FindingList());
            rules.Judge(model, OnnxModelReader.Read(stream));
            return rules.Referenced.GetValueOrDefault(path);
        }
        catch (OnnxFormatException)
        {
            return null;
        }
    }
}
