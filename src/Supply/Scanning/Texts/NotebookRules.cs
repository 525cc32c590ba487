using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Merlon.Scanning.Content;

namespace Merlon.Scanning.Texts;

/// <summary>Jupyter notebooks (nbformat 3 and 4): cells that reach the shell, outputs that run in the browser.</summary>
internal static partial class NotebookRules
{
    public static void Judge(ContentTarget target, byte[] content, ContentScan scan)
    {
        using var document = JsonDocument.Parse(content.AsMemory(content.AsSpan().StartsWith("\uFEFF"u8) ? 3 : 0), new JsonDocumentOptions { MaxDepth = Limits.JsonDepth, CommentHandling = JsonCommentHandling.Skip });
        if (document.RootElement.ValueKind != JsonValueKind.Object || !document.RootElement.TryGetProperty("cells", out var cells) || cells.ValueKind != JsonValueKind.Array)
            return;
        var number = 0;
        foreach (var cell in cells.EnumerateArray())
            JudgeCell(cell, target.Part($"cell {++number}"), scan);
    }

    private static void JudgeCell(JsonElement cell, string location, ContentScan scan)
    {
        if (cell.ValueKind != JsonValueKind.Object)
            return;
        var source = cell.TryGetProperty("source", out var lines) ? Joined(lines) : "";
        var code = cell.TryGetProperty("cell_type", out var type) && type.ValueKind == JsonValueKind.String && type.GetString() == "code";
        if (code && DownloadExecute().IsMatch(source))
            scan.Findings.Block("notebook.download-execute", "The cell runs what it downloads.", location);
        else if (code && Shell().IsMatch(source))
            scan.Findings.Warn("notebook.shell", "The cell runs shell commands.", location);
        if (!code && Script().IsMatch(source))
            scan.Findings.Warn("notebook.script-output", "The cell's text holds a script.", location);
        if (cell.TryGetProperty("outputs", out var outputs) && Script().IsMatch(Flat(outputs)))
            scan.Findings.Warn("notebook.script-output", "The cell's output holds a script.", location);
    }

    private static string Joined(JsonElement lines) => lines.ValueKind switch
    {
        JsonValueKind.String => lines.GetString()!,
        JsonValueKind.Array => string.Concat(lines.EnumerateArray().Where(line => line.ValueKind == JsonValueKind.String).Select(line => line.GetString())),
        _ => "",
    };

    // Pictures are most of an output, and are base64 without angle brackets.
    private static string Flat(JsonElement value)
    {
        var text = new StringBuilder();
        var pending = new Stack<JsonElement>([value]);
        while (pending.TryPop(out var element))
        {
            if (element.ValueKind == JsonValueKind.String)
                text.Append(element.GetString());
            else if (element.ValueKind == JsonValueKind.Array)
                foreach (var item in element.EnumerateArray().Reverse())
                    pending.Push(item);
            else if (element.ValueKind == JsonValueKind.Object)
                foreach (var property in element.EnumerateObject())
                {
                    text.Append(property.Name).Append('\n');
                    pending.Push(property.Value);
                }
        }
        return text.ToString();
    }

    [GeneratedRegex(@"^\s*(!|%%(bash|sh|script|cmd|perl|ruby)\b|%s(x|ystem)\b|.*(get_ipython\(\)\.(system|getoutput|run_line_magic)|\bos\.system|\bsubprocess\.))", RegexOptions.Multiline | RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex Shell();

    [GeneratedRegex(@"\b(curl|wget)\b[^\n]*\|\s*(sudo\s+)?(ba|z|da)?sh\b|\b(curl|wget)\b[^\n]*\|\s*python|\bexec\([^\n]*(urlopen|requests\.get|b64decode)|base64\s+(-d|--decode)[^\n]*\|\s*(ba)?sh\b", RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex DownloadExecute();

    [GeneratedRegex(@"<\s*(script|iframe|object|embed)\b|\bjavascript:|<[^>]*\son[a-z]+\s*=|application/javascript", RegexOptions.NonBacktracking | RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture)]
    private static partial Regex Script();
}
