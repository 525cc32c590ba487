using Merlon.Kernel;
using Merlon.Scanning.Content;

namespace Merlon.Scanning.Tests.Pickle;

/// <summary>One content scan, as the worker runs it.</summary>
internal sealed record Looked(string? Format, IReadOnlyList<Finding> Findings)
{
    public Verdict Verdict => Findings.Count == 0 ? Verdict.Pass : Findings.Max(f => f.Severity);
    public IEnumerable<string> Rules => Findings.Select(f => f.Rule).Distinct(StringComparer.Ordinal);

    public static Looked At(byte[] content, string name = "file")
    {
        using var stream = new MemoryStream(content);
        return At(stream, name);
    }

    public static Looked AtFile(string path)
    {
        using var stream = File.OpenRead(path);
        return At(stream, Path.GetFileName(path));
    }

    private static Looked At(Stream stream, string name)
    {
        var findings = new FindingList();
        var scan = new ContentScan(findings);
        scan.Descend(new ContentTarget(name, name, stream, stream.Length, 0));
        return new Looked(scan.Format, findings.ToImmutable());
    }

    public override string ToString() => $"{Format}: {string.Join("; ", Findings.Select(f => $"{f.Rule} {f.Message} {f.Location}"))}";
}
