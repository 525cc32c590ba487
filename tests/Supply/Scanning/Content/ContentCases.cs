using System.Collections.Immutable;
using Merlon.Kernel;
using Merlon.Scanning.Contracts;

namespace Merlon.Scanning.Tests.Content;

/// <summary>Scans content by itself, and says what is expected of it.</summary>
internal static class ContentCases
{
    public static ContentScanReport Scan(string name, byte[] content, params (string Path, byte[] Content)[] beside)
    {
        (string, byte[])[] all = [(name, content), .. beside];
        var artifact = new MemoryArtifact(all);
        return ContentFileScanner.Scan(new ContentScanRequest { Target = name, Files = [.. all.Select(file => new ContentFile(file.Item1, file.Item2.Length))] }, artifact);
    }

    public static void Passes(string name, byte[] content, string format, params (string Path, byte[] Content)[] beside)
    {
        var report = Scan(name, content, beside);
        Assert.True(report.Findings.IsEmpty, string.Join('\n', report.Findings.Select(finding => $"{finding.Rule} {finding.Message} {finding.Location}")));
        Assert.Equal(format, report.Format);
    }

    public static void Blocks(string name, byte[] content, string rule, params (string Path, byte[] Content)[] beside)
    {
        var report = Scan(name, content, beside);
        Assert.Equal(Verdict.Block, report.Verdict);
        Assert.True(report.Findings.Any(finding => finding.Rule == rule && finding.Severity == Verdict.Block),
            $"expected {rule}, got {string.Join('\n', report.Findings.Select(finding => $"{finding.Rule} {finding.Message} {finding.Location}"))}");
    }

    public static void Warns(string name, byte[] content, string rule, params (string Path, byte[] Content)[] beside)
    {
        var report = Scan(name, content, beside);
        Assert.Contains(report.Findings, finding => finding.Rule == rule && finding.Severity == Verdict.Warn);
        Assert.Equal(Verdict.Warn, report.Verdict);
    }
}
