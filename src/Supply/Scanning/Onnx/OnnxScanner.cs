using System.Globalization;
using Merlon.Kernel;
using Merlon.Onnx.Contracts;
using Merlon.Scanning.Content;
using Merlon.Scanning.Contracts;
using Merlon.Scanning.Files;
using Merlon.Scanning.TensorFlow;

namespace Merlon.Scanning.Onnx;

/// <summary>An ONNX model by itself, by the same rules as in an artifact; its weights may lie in files beside it.</summary>
internal sealed class OnnxScanner : IContentScanner
{
    /// <summary>What stands against serving a model, and is no danger.</summary>
    private static readonly string[] s_serving = ["onnx.not-a-tensor", "onnx.element-type", "onnx.shape", "onnx.no-output"];

    /// <summary>Versions that Merlon does not serve; other runtimes may.</summary>
    private static readonly string[] s_versions = ["onnx.opset", "onnx.ir-version"];

    public string Format => "onnx";
    public bool NeedsSeek => true;

    /// <summary>A ModelProto with a graph, and no field that is none of its own.</summary>
    public bool Recognises(ReadOnlySpan<byte> head, ContentTarget target) =>
        head.Length > 4 && head[0] is 0x08 or 0x12 or 0x1A or 0x22 or 0x28 or 0x32 or 0x3A or 0x42 or 0x72 && WholeMessage.Is(target, 7, 1, 2, 3, 4, 5, 6, 8, 14, 20, 25, 26);

    public void Scan(ContentTarget target, ContentScan scan)
    {
        try
        {
            var model = OnnxModelReader.Read(target.Content);
            var found = new FindingList();
            new OnnxFormatRules(Request(scan), found).Judge(target.Location, model);
            foreach (var finding in found.ToImmutable().Where(finding => !s_serving.Contains(finding.Rule, StringComparer.Ordinal)))
                scan.Findings.Add(s_versions.Contains(finding.Rule, StringComparer.Ordinal) ? finding with { Severity = Verdict.Warn } : finding);
            foreach (var (key, value) in model.Metadata)
                TextRules.JudgeSecrets(target.Part(key), value, scan.Findings);
        }
        catch (OnnxFormatException e)
        {
            scan.Findings.Block("onnx.malformed", e.Message, string.Create(CultureInfo.InvariantCulture, $"{target.Location}@{e.Offset}"), "Export the model again.");
        }
    }

    // Operators of com.microsoft ship with ONNX Runtime itself.
    public static ScanRequest Request(ContentScan scan) => new() { Files = [.. (scan.Beside?.Files ?? []).Select(file => new ArtifactFile(file.Path, file.Size, default))], AllowedDomains = ["com.microsoft"] };
}
