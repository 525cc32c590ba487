using Merlon.Kernel;
using Xunit.Abstractions;

namespace Merlon.Scanning.Tests.Pickle;

public sealed class ArchiveCorpus : IDisposable
{
    internal PythonCorpus Corpus { get; } = new("archives.py");

    public void Dispose() => Corpus.Dispose();
}

/// <summary>Archives, compressed streams and joblib's arrays, made by the real libraries; the name of each file says what must come of it.</summary>
public sealed class ArchiveTests(ArchiveCorpus made, ITestOutputHelper output) : IClassFixture<ArchiveCorpus>
{
    [Theory]
    [InlineData("pass", Verdict.Pass)]
    [InlineData("block", Verdict.Block)]
    public void Scan_Files_GetTheVerdictOfTheirName(string prefix, Verdict expected)
    {
        var files = made.Corpus.Files.Where(f => Path.GetFileName(f).StartsWith(prefix, StringComparison.Ordinal)).Select(f => (Name: Path.GetFileName(f), Looked: Looked.AtFile(f))).ToList();
        files.ForEach(f => output.WriteLine($"{f.Name} {f.Looked}"));
        var wrong = files.Where(f => f.Looked.Verdict != expected).ToList();
        Assert.InRange(files.Count, 40, 1000);
        Assert.True(wrong.Count == 0, string.Join('\n', wrong.Select(f => $"{f.Name} {f.Looked}")));
    }

    [Theory]
    [InlineData("block_after_array_0.joblib", "pickle.call")]
    [InlineData("block_two_readings.joblib", "joblib.two-readings")]
    [InlineData("block_in_object_array.joblib", "pickle.call")]
    [InlineData("block_object.npz", "pickle.call")]
    [InlineData("block_torch.pt", "pickle.call")]
    [InlineData("block_torchscript.pt", "torch.code")]
    [InlineData("block_torch_second_pickle.pt", "pickle.call")]
    [InlineData("block_torch_short_storage.pt", "torch.storage-size")]
    [InlineData("block_torch_no_storage.pt", "torch.storage-missing")]
    [InlineData("block_trailing.gz", "archive.trailing")]
    [InlineData("block_link.tar", "tar.link")]
    [InlineData("block_tail.tar", "tar.trailing")]
    [InlineData("block_one_flag.zip", "zip.headers-differ")]
    [InlineData("block_encrypted_flag.zip", "zip.flags")]
    [InlineData("block_other_name.zip", "zip.headers-differ")]
    [InlineData("block_crc.zip", "zip.content")]
    [InlineData("block_gap.zip", "zip.gap")]
    [InlineData("block_comment.zip", "zip.end-record")]
    [InlineData("block_front.zip", "pickle.call")]
    [InlineData("block_deep.gz", "archive.too-deep")]
    [InlineData("block_7z.bin", "archive.unsupported")]
    public void Scan_HostileFile_IsBlockedByItsRule(string name, string rule) => Assert.Contains(rule, Looked.AtFile(made.Corpus[name]).Rules);
}
