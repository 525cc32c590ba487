using Merlon.Kernel;
using Merlon.Scanning.Tests.Pickle;

namespace Merlon.Scanning.Tests.Content;

public sealed class OtherMakers : IDisposable
{
    internal PythonCorpus Corpus { get; } = new("makers.py");

    public void Dispose() => Corpus.Dispose();
}

/// <summary>lz4, zip64 and what 7-Zip writes, by their makers; and content that is two things at once behind the first 4 KiB of a compressed stream.</summary>
public sealed class OtherMakersTests(OtherMakers made) : IClassFixture<OtherMakers>
{
    [Theory]
    [InlineData("pass", Verdict.Pass, 23)]
    [InlineData("block", Verdict.Block, 50)]
    public void Scan_ArchivesOfOtherMakers_GetTheVerdictOfTheirName(string prefix, Verdict expected, int least)
    {
        var files = made.Corpus.Files.Where(f => Path.GetFileName(f).StartsWith(prefix, StringComparison.Ordinal)).Select(f => (Name: Path.GetFileName(f), Looked: Looked.AtFile(f))).ToList();
        Assert.InRange(files.Count, least, 200);
        var wrong = files.Where(f => f.Looked.Verdict != expected).ToList();
        Assert.True(wrong.Count == 0, string.Join('\n', wrong.Select(f => $"{f.Name} {f.Looked}")));
    }

    [Theory]
    [InlineData("block_python_0.lz4", "pickle.call")]
    [InlineData("block_command_2.lz4", "pickle.call")]
    [InlineData("block_zip64_8.zip", "pickle.call")]
    [InlineData("block_7z_zip.bin", "pickle.call")]
    [InlineData("block_7z_xz.bin", "pickle.call")]
    [InlineData("block_7z_0.bin", "archive.unsupported")]
    [InlineData("block_deep_text.gz", "pickle.call")]
    [InlineData("block_deep_binary.gz", "pickle.call")]
    public void Scan_HostileArchive_IsBlockedByItsRule(string name, string rule)
    {
        var looked = Looked.AtFile(made.Corpus[name]);
        Assert.True(looked.Rules.Contains(rule), $"{name} {looked}");
    }
}
