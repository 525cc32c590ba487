using System.Text;
using System.Text.RegularExpressions;
using Merlon.Scanning.Content;
using Merlon.Scanning.Contracts;

namespace Merlon.Scanning.Tests.Content;

/// <summary>docs/scanning.md lists what there is.</summary>
public sealed partial class DocumentTests
{
    private static readonly string s_text = File.ReadAllText(Path.Combine(Root(), "docs", "scanning.md"));

    [Fact]
    public void Document_ListsEveryRule() => Assert.Equal([], RuleCatalog.All.Select(rule => rule.Id).Where(id => !s_text.Contains($"`{id}`", StringComparison.Ordinal)));

    [Fact]
    public void Document_NamesEveryFormat() =>
        Assert.Equal([], ContentFormats.All.Select(scanner => scanner.Format).Distinct(StringComparer.Ordinal).Where(format => !s_text.Contains($"`{format}`", StringComparison.Ordinal)));

    [Fact]
    public void Document_ExampleOfAPolicy_IsOne()
    {
        var example = PolicyExample().Match(s_text).Groups["yaml"].Value;
        var policy = ScanPolicy.Read(Encoding.UTF8.GetBytes(example)).Value;
        Assert.True(policy is { Names.Length: > 0, Suppress.Length: > 0, Raise.Length: > 0 });
    }

    private static string Root()
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "Merlon.slnx")))
            folder = Path.GetDirectoryName(folder)!;
        return folder;
    }

    [GeneratedRegex(@"```yaml\n(?<yaml>version: 1\nname: .*?)```", RegexOptions.Singleline | RegexOptions.ExplicitCapture, 10_000)]
    private static partial Regex PolicyExample();
}
