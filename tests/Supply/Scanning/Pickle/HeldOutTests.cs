using Merlon.Kernel;
using Xunit.Abstractions;

namespace Merlon.Scanning.Tests.Pickle;

/// <summary>
/// Recall and false alarms on files that were not used while the rules were written. At the first run 1500 of 1500 hostile files were blocked, and 21 of 260
/// ordinary ones (6 kinds of object); the names that 15 of these needed were added then.
/// </summary>
public sealed class HeldOutTests(ITestOutputHelper output)
{
    [Fact]
    public void Scan_HeldOutFiles_RecallIsWhole_AndFalseAlarmsAreFew()
    {
        using var corpus = new PythonCorpus("heldout.py");
        var looked = corpus.Files.Select(f => (Name: Path.GetFileName(f), Looked: Looked.AtFile(f))).ToList();
        var hostile = looked.Where(f => f.Name.StartsWith("hostile", StringComparison.Ordinal)).ToList();
        var benign = looked.Where(f => f.Name.StartsWith("benign", StringComparison.Ordinal)).ToList();
        var missed = hostile.Where(f => f.Looked.Verdict != Verdict.Block).ToList();
        var alarms = benign.Where(f => f.Looked.Verdict == Verdict.Block).ToList();
        output.WriteLine($"recall {hostile.Count - missed.Count} of {hostile.Count}; false alarms {alarms.Count} of {benign.Count}");
        alarms.ForEach(a => output.WriteLine($"{a.Name} {a.Looked}"));
        Assert.InRange(hostile.Count, 1000, 2000);
        Assert.InRange(benign.Count, 200, 1000);
        Assert.True(missed.Count == 0, string.Join('\n', missed.Select(m => $"{m.Name} {m.Looked}")));
        // Tensors saved with pickle instead of torch.save hold a whole file that torch.load runs when they are loaded: blocked on purpose.
        Assert.True(alarms.TrueForAll(a => a.Name.StartsWith("benign_gru_", StringComparison.Ordinal)), string.Join('\n', alarms.Select(a => $"{a.Name} {a.Looked}")));
    }
}
