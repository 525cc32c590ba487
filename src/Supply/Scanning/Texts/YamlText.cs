using Merlon.Scanning.Content;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Merlon.Scanning.Texts;

/// <summary>Walks YAML by its events: anchors are not followed, so nothing grows.</summary>
internal static class YamlText
{
    private static readonly string[] s_plainTags = ["!", "tag:yaml.org,2002:str", "tag:yaml.org,2002:int", "tag:yaml.org,2002:float", "tag:yaml.org,2002:bool", "tag:yaml.org,2002:null",
        "tag:yaml.org,2002:seq", "tag:yaml.org,2002:map", "tag:yaml.org,2002:timestamp", "tag:yaml.org,2002:binary", "tag:yaml.org,2002:set", "tag:yaml.org,2002:omap"];

    private static readonly string[] s_languages = ["python", "ruby", "js/", "java", "php", "perl", "System.", "object", "apply", "new:", "name:"];

    public static void Judge(ContentTarget target, string text, ContentScan scan)
    {
        scan.Rename(target, "yaml");
        if (text.Length > Limits.YamlBytes)
        {
            scan.Findings.Block("file.too-large", $"The YAML has more than {Limits.YamlBytes} characters.", target.Location);
            return;
        }
        try
        {
            Walk(target, new Parser(new StringReader(text)), scan);
        }
        catch (YamlException e)
        {
            Malformed(target, text, target.At(e.Start.Index), scan);
        }
        catch (Exception e) when (e is InvalidOperationException or ArgumentException or IndexOutOfRangeException or FormatException)
        {
            // Defects of the YAML library on broken text.
            Malformed(target, text, target.Location, scan);
        }
    }

    // A tag of the document's own means something to one application only; a global one names a type to any unsafe loader.
    private static void JudgeTag(string tag, string location, ContentScan scan)
    {
        if (tag.StartsWith('!') && s_languages.All(language => !tag.Contains(language, StringComparison.OrdinalIgnoreCase)))
            scan.Findings.Warn("text.yaml-tag", $"The YAML has the tag '{tag}'.", location);
        else
            scan.Findings.Block("text.yaml-tag", $"The YAML has the tag '{tag}'.", location);
    }

    // Another reader may be more lenient: what could be dangerous there is.
    private static void Malformed(ContentTarget target, string text, string location, ContentScan scan)
    {
        scan.Findings.Warn("text.malformed", "The file is named as YAML but is not.", location);
        if (text.IndexOf("_target_", StringComparison.Ordinal) is var at and >= 0)
            CodeSettings.Judge("_target_", "", target.At(at), scan);
        foreach (var tag in (string[])["!!python", "!python", "tag:yaml.org,2002:python", "!<", "%TAG"])
        {
            if (text.Contains(tag, StringComparison.Ordinal))
                scan.Findings.Block("text.yaml-tag", $"The broken YAML holds '{tag}'.", target.At(text.IndexOf(tag, StringComparison.Ordinal)));
        }
    }

    private static void Walk(ContentTarget target, Parser parser, ContentScan scan)
    {
        string? previous = null;
        while (parser.MoveNext())
        {
            if (parser.Current is NodeEvent { Tag.IsEmpty: false } node && !s_plainTags.Contains(node.Tag.Value, StringComparer.Ordinal))
                JudgeTag(node.Tag.Value, target.At(node.Start.Index), scan);
            var value = (parser.Current as Scalar)?.Value;
            // Keys and values alternate; judging every pair of neighbours sees each key with its value at the price of nothing.
            if (previous is not null)
                CodeSettings.Judge(previous, value ?? "", target.At(parser.Current!.Start.Index), scan);
            previous = value;
        }
    }
}
