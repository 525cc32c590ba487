using System.Text.RegularExpressions;

namespace Merlon.Architecture.Tests.Sources;

/// <summary>Rules that can be read off the text of a source file.</summary>
internal static partial class SourceRules
{
    public const int MaxLines = 400;
    public const int MaxProgramLines = 60;

    public static IReadOnlyList<string> Violations(IEnumerable<SourceFile> files) => [.. files.SelectMany(Check)];

    private static IEnumerable<string> Check(SourceFile file)
    {
        var lines = file.Text.TrimEnd('\n').Split('\n');
        var limit = file.Name == "Program.cs" ? MaxProgramLines : MaxLines;
        if (lines.Length > limit)
            yield return $"{file.Path} has {lines.Length} lines; the limit is {limit}";
        if (file.Path.Split('/').Intersect(s_foldersOfNothing, StringComparer.Ordinal).FirstOrDefault() is { } folder)
            yield return $"{file.Path} lies in a folder named {folder}, which names no capability";
        for (var i = 0; i < lines.Length; i++)
        {
            if (Unfinished().Match(lines[i]) is { Success: true } match)
                yield return $"{file.Path}:{i + 1} holds {match.Value}";
        }
    }

    private static readonly string[] s_foldersOfNothing = ["Helpers", "Utils", "Utilities", "Managers", "Services", "Common", "Misc"];

    [GeneratedRegex(@"\b(TODO|FIXME|HACK|XXX|NotImplementedException)\b", RegexOptions.ExplicitCapture, 10_000)]
    private static partial Regex Unfinished();
}
