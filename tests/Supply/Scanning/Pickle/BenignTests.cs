using Merlon.Kernel;
using Xunit.Abstractions;

namespace Merlon.Scanning.Tests.Pickle;

public sealed class BenignCorpus : IDisposable
{
    internal PythonCorpus Corpus { get; } = new("benign.py");

    public void Dispose() => Corpus.Dispose();
}

/// <summary>What people really save passes.</summary>
public sealed class BenignTests(BenignCorpus made, ITestOutputHelper output) : IClassFixture<BenignCorpus>
{
    [Fact]
    public void Scan_OrdinaryFilesOfRealLibraries_AllPass()
    {
        var alarms = made.Corpus.Files.Select(f => (Name: Path.GetFileName(f), Looked: Looked.AtFile(f))).Where(f => f.Looked.Verdict != Verdict.Pass).ToList();
        alarms.ForEach(a => output.WriteLine($"{a.Name} {a.Looked}"));
        Assert.InRange(made.Corpus.Files.Count(), 190, 1000);
        Assert.True(alarms.Count == 0, string.Join('\n', alarms.Select(a => $"{a.Name} {a.Looked}")));
    }

    [Theory]
    [InlineData("plain_numbers_4.pkl", "pickle")]
    [InlineData("plain_numbers_0.pkl", "pickle")]
    [InlineData("torch_state.pt", "pytorch")]
    [InlineData("torch_legacy_state.pt", "pytorch-legacy")]
    [InlineData("stored.npz", "zip")]
    [InlineData("plain.npy", "numpy")]
    public void Scan_File_IsOfItsFormat(string name, string format) => Assert.Equal(format, Looked.AtFile(made.Corpus[name]).Format);
}
