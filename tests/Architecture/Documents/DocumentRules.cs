using System.Text.RegularExpressions;

namespace Merlon.Architecture.Tests.Documents;

/// <summary>Documents exist where they must, and point at what exists.</summary>
internal static partial class DocumentRules
{
    public static IReadOnlyList<string> WithoutReadme(IEnumerable<string> modules, Func<string, bool> exists) =>
        [.. modules.Where(m => !exists($"src/{m}/README.md")).Select(m => $"src/{m} has no README.md")];

    /// <summary>Links to files of the repository that are not there. Addresses elsewhere and anchors are not looked at.</summary>
    public static IReadOnlyList<string> BrokenLinks(IEnumerable<SourceFile> documents, Func<string, bool> exists) =>
    [
        .. from document in documents
           from Match link in Link().Matches(Fence().Replace(document.Text, ""))
           let target = link.Groups["target"].Value.Split('#')[0]
           where target.Length > 0 && !target.Contains(':', StringComparison.Ordinal)
           let path = Resolve(document.Path, target)
           where !exists(path)
           select $"{document.Path} links to {target}, which does not exist",
    ];

    private static string Resolve(string document, string target)
    {
        var folder = target.StartsWith('/') ? "" : Path.GetDirectoryName(document)!;
        return Path.GetRelativePath("/", Path.GetFullPath(Path.Combine("/", folder, Uri.UnescapeDataString(target.TrimStart('/')))));
    }

    [GeneratedRegex(@"\[[^\]]*\]\((?<target>[^)\s]+)(?:\s+""[^""]*"")?\)", RegexOptions.ExplicitCapture, 10_000)]
    private static partial Regex Link();

    [GeneratedRegex(@"^```.*?^```", RegexOptions.Multiline | RegexOptions.Singleline, 10_000)]
    private static partial Regex Fence();
}
