using System.Text;
using System.Text.RegularExpressions;
using Merlon.Scanning.Content;
using Merlon.Scanning.Files;

namespace Merlon.Scanning.Texts;

/// <summary>Text of any kind: every character is read, and what a loader could run because of it is told.</summary>
internal sealed partial class TextScanner : IContentScanner
{
    public string Format => "text";
    public bool NeedsSeek => false;

    public bool Recognises(ReadOnlySpan<byte> head, ContentTarget target)
    {
        // The head may end inside of a character.
        for (var cut = 0; cut < 4 && cut <= head.Length; cut++)
        {
            if (FileKind.IsText(head[..^cut]))
                return cut == 0 || head.Length == Scanning.Limits.SniffBytes;
        }
        return false;
    }

    public void Scan(ContentTarget target, ContentScan scan)
    {
        var content = WholeContent.Read(target.Content, target.Size, Limits.TextBytes);
        if (content is null)
        {
            scan.Findings.Block("file.too-large", $"The text has more than {Limits.TextBytes} bytes.", target.Location);
            return;
        }
        if (!FileKind.IsText(content))
        {
            scan.Findings.Block("file.not-text", "The content begins as text and goes on as something else.", target.Location);
            return;
        }
        var findings = scan.Findings;
        if (FileKind.IsTextPickle(content))
            findings.Block("file.pickle", "The content is a pickle in text form.", target.Location);
        var text = Encoding.UTF8.GetString(content);
        TextRules.JudgeSecrets(target.Location, text, findings);
        if (text.AsSpan().IndexOfAny("\u202A\u202B\u202D\u202E\u2066\u2067\u2068") is var at and >= 0)
            findings.Warn("text.bidi-control", "The text holds characters that reverse the direction of what follows.", target.At(at));
        JudgeKind(target, content, text, scan);
    }

    private static void JudgeKind(ContentTarget target, byte[] content, string text, ContentScan scan)
    {
        var name = target.Name;
        var first = text.AsSpan().TrimStart('\uFEFF').TrimStart();
        if (Named(name, ".yaml") || Named(name, ".yml"))
            YamlText.Judge(target, text, scan);
        else if (first is ['{', ..] || (first is ['[', ..] && !Named(name, ".toml") && !Named(name, ".ini") && !Named(name, ".cfg")))
            scan.Rename(target, JsonText.Judge(target, content, scan) ? "notebook" : "json");
        else if (Named(name, ".py") || Named(name, ".pyw") || Named(name, ".pyi") || (!Named(name, ".md") && PythonStart().IsMatch(text)))
            Python(target, scan);
        else if (RemoteCode().IsMatch(text))
            scan.Findings.Warn("file.remote-code", "The text names a setting by which a loader runs code from elsewhere.", target.Location);
    }

    private static void Python(ContentTarget target, ContentScan scan)
    {
        scan.Rename(target, "python");
        scan.Findings.Warn("text.python", "The file is Python code.", target.Location);
    }

    internal static bool Named(string name, string ending) => name.EndsWith(ending, StringComparison.OrdinalIgnoreCase);

    [GeneratedRegex(@"\A\uFEFF?(\s*|\s*#[^\n]*\n)*(import [A-Za-z_]|from [A-Za-z_.]+ import |def [A-Za-z_]+\(|class [A-Za-z_]+[(:]|@[A-Za-z_.]+\n)", RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex PythonStart();

    [GeneratedRegex("^[^#\n]*\\b(auto_map|custom_pipeline)\\b *[=:]|\\btrust_remote_code *[=:] *[Tt]rue", RegexOptions.NonBacktracking | RegexOptions.Multiline | RegexOptions.ExplicitCapture)]
    private static partial Regex RemoteCode();
}
