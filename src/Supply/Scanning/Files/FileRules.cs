using System.Collections.Immutable;
using Merlon.Kernel;
using Merlon.Onnx.Contracts;
using Merlon.Scanning.Content;
using Merlon.Scanning.Contracts;
using Merlon.Scanning.Pickle;

namespace Merlon.Scanning.Files;

/// <summary>
/// Looks into every file of an artifact as what it is. What Merlon has no use for beside a model is told as such; the policy of the environment says what
/// that means.
/// </summary>
internal sealed class FileRules(ScanRequest request, IArtifactReader artifact, FindingList findings)
{
    private static readonly string[] s_text = ["text", "json", "yaml"];

    private readonly ImmutableArray<ContentFile> _files = [.. request.Files.Select(file => new ContentFile(file.Path, file.Size))];
    private readonly SortedDictionary<string, int> _formats = new(StringComparer.Ordinal);

    /// <summary>Formats that were met, with their counts.</summary>
    public string Formats => Text.Printable(string.Join(", ", _formats.Select(format => $"{format.Key}×{format.Value}")), 500);

    /// <param name="referenced">Ranges that the model's tensors refer to, by file.</param>
    public void Judge(ArtifactFile file, IReadOnlyDictionary<string, List<(long From, long To)>> referenced)
    {
        if (referenced.TryGetValue(file.Path, out var ranges))
        {
            JudgeWeights(file, ranges);
            return;
        }
        var report = ContentFileScanner.Scan(new ContentScanRequest { Target = file.Path, Files = _files, Policy = request.Policy }, artifact);
        Count(report.Format);
        // What is served is judged by the stricter rules of serving already.
        var isModel = IsModel(file);
        foreach (var finding in report.Findings.Where(finding => !isModel || !finding.Rule.StartsWith("onnx.", StringComparison.Ordinal)))
            findings.Add(finding);
        if (report.Format != "unknown" && !(isModel && report.Format == "onnx") && !s_text.Contains(report.Format, StringComparer.Ordinal))
            findings.Block(ScanRules.NotServed, $"The file is {report.Format}; Merlon serves ONNX models with their weights and text, and nothing else.", file.Path);
    }

    public static bool IsModel(ArtifactFile file) => file.Path.EndsWith(".onnx", StringComparison.OrdinalIgnoreCase);

    /// <summary>Numbers may be anything; what counts is that they are read as numbers, here and by whoever else gets the file.</summary>
    private void JudgeWeights(ArtifactFile file, List<(long From, long To)> ranges)
    {
        Count("onnx-weights");
        using var stream = artifact.OpenFile(file.Path);
        var head = new HeadStream(stream, Limits.SniffBytes);
        // Short magics begin ordinary numbers too; four bytes and more are worth a look.
        if (head.Head is [0x7F or (byte)'P', _, _, _, ..] && FileKind.Dangerous(head.Head) is { } kind)
            findings.Warn("file.weights-kind", $"The weights begin as {kind} does.", file.Path);
        if (PickleProbe.Hides(head.Head, new ContentTarget(file.Path, file.Path, head, file.Size, 0)))
            findings.Block("pickle.polyglot", "The weights are numbers, and a pickle that imports something to a reader that takes them for one.", file.Path);
        Coverage.Judge(file.Path, file.Size, ranges, findings);
    }

    private void Count(string format) => _formats[format] = _formats.GetValueOrDefault(format) + 1;
}
