using System.Text.Json;
using Merlon.Scanning.Content;

namespace Merlon.Scanning.Texts;

/// <summary>Walks JSON for settings that make a loader run code. Escapes are resolved: "\u0061uto_map" is the same key.</summary>
internal static class JsonText
{
    /// <returns>True for a notebook.</returns>
    public static bool Judge(ContentTarget target, byte[] content, ContentScan scan)
    {
        var (notebook, keras) = (false, false);
        try
        {
            (notebook, keras) = Walk(target, content, scan);
            if (notebook)
                NotebookRules.Judge(target, content, scan);
            if (keras)
                Keras.KerasConfigRules.Judge(target.Location, content, scan);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            if (TextScanner.Named(target.Name, ".json") || TextScanner.Named(target.Name, ".ipynb"))
                scan.Findings.Warn("text.malformed", "The file is named as JSON but is not strict JSON.", target.Location);
            JudgeRaw(target, content, scan);
        }
        return notebook;
    }

    private static (bool Notebook, bool Keras) Walk(ContentTarget target, byte[] content, ContentScan scan)
    {
        var start = content.AsSpan().StartsWith("\uFEFF"u8) ? 3 : 0;
        var json = new Utf8JsonReader(content.AsSpan(start), new JsonReaderOptions { MaxDepth = Limits.JsonDepth, CommentHandling = JsonCommentHandling.Skip, AllowMultipleValues = true });
        var top = new HashSet<string>(StringComparer.Ordinal);
        var classes = false;
        while (json.Read())
        {
            if (json.TokenType != JsonTokenType.PropertyName)
                continue;
            var key = json.GetString()!;
            if (json.CurrentDepth == 1)
                top.Add(key);
            classes |= key == "class_name";
            var at = target.At(start + json.TokenStartIndex);
            json.Read();
            CodeSettings.Judge(key, json.TokenType switch { JsonTokenType.String => json.GetString()!, JsonTokenType.True => "true", _ => "" }, at, scan);
        }
        return (top.Contains("nbformat") && top.Contains("cells"), classes && top.Contains("class_name") && top.Contains("config"));
    }

    // What a lenient reader may still make of it.
    private static void JudgeRaw(ContentTarget target, byte[] content, ContentScan scan)
    {
        foreach (var key in (string[])["auto_map", "custom_pipelines", "_target_"])
        {
            if (content.AsSpan().IndexOf(System.Text.Encoding.UTF8.GetBytes('"' + key + '"')) is var at and >= 0)
                CodeSettings.Judge(key, "", target.At(at), scan);
        }
    }
}
