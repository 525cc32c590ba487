using Merlon.Kernel;
using Merlon.Scanning.Content;
using Merlon.Scanning.Contracts;
using Merlon.Scanning.Policy;

namespace Merlon.Scanning;

/// <summary>Looks into one file by itself. It parses hostile bytes, so it runs inside the scan worker and nowhere else.</summary>
internal static class ContentFileScanner
{
    public static ContentScanReport Scan(ContentScanRequest request, IArtifactReader artifact)
    {
        var findings = new FindingList();
        var scan = new ContentScan(findings) { Beside = new FilesBeside(request, artifact), Names = PolicyNames.Of(request.Policy?.Names ?? []) };
        try
        {
            var size = request.Files.First(file => file.Path == request.Target).Size;
            using var stream = artifact.OpenFile(request.Target);
            scan.Descend(new ContentTarget(request.Target, request.Target[(request.Target.LastIndexOf('/') + 1)..], stream, size, 0));
        }
        catch (OutOfMemoryException)
        {
            findings.Block("scan.memory", "The scan needed more memory than it may have.", request.Target);
        }
        catch (Exception e) when (e is not IOException)
        {
            // A defect of a parser. What it found before stands, and what it did not look at is not clean.
            findings.Block("scan.crashed", $"The scan failed: {e.GetType().Name}.", request.Target);
        }
        return new ContentScanReport { Path = request.Target, Format = scan.Format ?? "unknown", Findings = findings.ToImmutable() };
    }
}
