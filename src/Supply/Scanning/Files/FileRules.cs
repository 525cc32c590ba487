using Merlon.Kernel;

namespace Merlon.Scanning.Files;

/// <summary>Every file of the artifact must be of a kind that is known and has a reason to be there.</summary>
internal sealed class FileRules(IArtifactReader artifact, FindingList findings)
{
    private static readonly string[] s_textNames = ["README", "LICENSE", "NOTICE", "MODEL_CARD", "CHANGELOG"];
    private static readonly string[] s_textEndings = [".txt", ".md", ".json", ".jsonl", ".yaml", ".yml", ".csv", ".sig", ".pem", ".crt", ".sha256"];

    /// <param name="referenced">Ranges that the model's tensors refer to, by file.</param>
    public void Judge(ArtifactFile file, IReadOnlyDictionary<string, List<(long From, long To)>> referenced)
    {
        if (file.Path.EndsWith(".onnx", StringComparison.OrdinalIgnoreCase))
            return;
        var start = Read(file, Limits.SniffBytes);
        if (referenced.TryGetValue(file.Path, out var ranges))
        {
            JudgeWeights(file, start, ranges);
            return;
        }
        if (FileKind.Dangerous(start) is { } kind)
        {
            findings.Block("file.kind", $"The file is {kind}.", file.Path, "Remove it: a model needs no archives, executables, scripts or pickles.");
            return;
        }
        var name = Path.GetFileName(file.Path);
        var expected = s_textNames.Any(known => name.StartsWith(known, StringComparison.OrdinalIgnoreCase))
            || s_textEndings.Any(ending => name.EndsWith(ending, StringComparison.OrdinalIgnoreCase));
        if (!expected)
        {
            findings.Block("file.unknown", "The file is not of a kind that a model needs, and the model does not refer to it.", file.Path, "Remove it.");
            return;
        }
        if (file.Size > Limits.TextBytes)
        {
            findings.Block("file.too-large", $"The text file has {file.Size} bytes; allowed are {Limits.TextBytes}.", file.Path);
            return;
        }
        var content = Read(file, Limits.TextBytes);
        if (FileKind.IsText(content))
            TextRules.Judge(file.Path, content, findings);
        else
            findings.Block("file.not-text", "The file is named as text but is not.", file.Path, "Remove it.");
    }

    private void JudgeWeights(ArtifactFile file, ReadOnlySpan<byte> start, List<(long From, long To)> ranges)
    {
        // Numbers may begin with any bytes, so a short magic says nothing; four bytes and more are worth a look.
        if (start.Length >= 4 && start[0] is 0x7F or (byte)'P' && FileKind.Dangerous(start) is { } kind)
            findings.Warn("file.weights-kind", $"The weights begin as {kind} does.", file.Path);
        Coverage.Judge(file.Path, file.Size, ranges, findings);
    }

    private byte[] Read(ArtifactFile file, int bound)
    {
        using var stream = artifact.OpenFile(file.Path);
        var bytes = new byte[(int)Math.Min(file.Size, bound)];
        var count = stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
        return count == bytes.Length ? bytes : bytes[..count];
    }
}
