using System.Diagnostics;
using Merlon.Kernel;
using Merlon.Scanning.Pickle;
using Xunit.Abstractions;
using static Merlon.Scanning.Tests.Pickle.PickleBytes;

namespace Merlon.Scanning.Tests.Pickle;

/// <summary>
/// Mutated pickles and archives. No exception escapes, time and memory are bounded; and what passes is given to CPython's own two readers, which must
/// import nothing that is not on the list.
/// </summary>
public sealed class PickleFuzzTests(ArchiveCorpus made, ITestOutputHelper output) : IClassFixture<ArchiveCorpus>
{
    private const int Quick = 50_000, Soak = 3_000_000, GivenToPython = 4000;

    [Fact]
    public void Scan_MutatedFiles_NeverEscape_AndWhatPassesImportsOnlyWhatIsAllowed()
    {
        var seeds = Seeds();
        var cases = SoakCases.Of(Quick, Soak);
        var random = new Random(20261127);
        var folder = Directory.CreateTempSubdirectory("merlon-fuzz-");
        try
        {
            var (passed, slowest) = (0, TimeSpan.Zero);
            for (var i = 0; i < cases; i++)
            {
                var content = Mutate(seeds[i % seeds.Length], seeds, random);
                var watch = Stopwatch.StartNew();
                var looked = Looked.At(content);
                slowest = watch.Elapsed > slowest ? watch.Elapsed : slowest;
                if (looked.Verdict != Verdict.Pass || looked.Format != "pickle" || passed++ >= GivenToPython)
                    continue;
                File.WriteAllBytes(Path.Combine(folder.FullName, $"{i}"), content);
            }
            output.WriteLine($"{cases} cases, {passed} pickles passed, slowest {slowest.TotalMilliseconds:0} ms");
            Assert.True(slowest < TimeSpan.FromSeconds(5));
            Assert.InRange(passed, 50, cases);
            Assert.DoesNotContain(ImportsOf(folder.FullName), i => PickleNames.Find(i.Module, i.Name) is null);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    /// <summary>The check above can fail: a hostile file that is given to CPython names what it imports.</summary>
    [Fact]
    public void ImportsOf_HostileFile_AreSeen()
    {
        var folder = Directory.CreateTempSubdirectory("merlon-fuzz-");
        try
        {
            File.WriteAllBytes(Path.Combine(folder.FullName, "a"), Whole(StackGlobal("posix", "system"), Short("id"), 0x85, "R"));
            Assert.Contains(("posix", "system"), ImportsOf(folder.FullName));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static List<(string Module, string Name)> ImportsOf(string folder)
    {
        var start = new ProcessStartInfo("/usr/bin/python3", [Path.Combine(AppContext.BaseDirectory, "Pickle", "unpickle.py"), folder]) { RedirectStandardOutput = true };
        using var process = Process.Start(start)!;
        var lines = process.StandardOutput.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
        return [.. lines.Select(l => l.Split(' ')).Select(p => (p[1], p[2]))];
    }

    private byte[][] Seeds()
    {
        var files = made.Corpus.Files.Where(f => new FileInfo(f).Length < 6000 && !Path.GetFileName(f).Contains("bomb", StringComparison.Ordinal)).Select(File.ReadAllBytes);
        return
        [
            .. files, .. TrickTests.Hostile().Select(row => (byte[])row[1]), .. TrickTests.Harmless().Select(row => (byte[])row[1]), .. JoblibTests.Ordinary().Select(row => (byte[])row[1]), .. JoblibTests.Hostile().Select(row => (byte[])row[1]).Where(content => content.Length < 6000),
            // Data around a call, where a shifted memo or length would turn the one into the other.
            Whole("(", Short("posix"), 0x94, Short("system"), 0x94, Short("collections"), 0x94, Short("OrderedDict"), 0x94, "t0", "h\x02h\x03", 0x93, ")R0", Short("id"), 0x94, "h\x02h\x03", 0x93, "h\x05", 0x85, "0N"),
            Join(Proto(), Frame(60), "C\x10", "cos\nsystem\n)R...", Global("collections", "OrderedDict"), ")R", "K\x01", "0.....0N."),
            Join("(lp0\nS'posix'\np1\naS'system'\np2\naccollections\nOrderedDict\np3\n0g3\n(tR0I1\n0."),
        ];
    }

    private static byte[] Mutate(byte[] seed, byte[][] seeds, Random random)
    {
        List<byte> bytes = [.. seed];
        for (var rounds = random.Next(1, 4); rounds > 0 && bytes.Count > 0; rounds--)
        {
            var at = random.Next(bytes.Count);
            switch (random.Next(7))
            {
                case 0:
                    bytes[at] ^= (byte)(1 << random.Next(8));
                    break;
                case 1:
                    bytes[at] = "(.0123NKMJGIFLSTUVXBCbceghijlopqrstuad}])R\x80\x81\x82\x85\x86\x87\x8a\x8c\x8d\x8e\x8f\x90\x91\x92\x93\x94\x95\x96\x97"u8[random.Next(70)];
                    break;
                case 2:
                    bytes.Insert(at, (byte)random.Next(256));
                    break;
                case 3:
                    bytes.RemoveAt(at);
                    break;
                case 4:
                    var count = Math.Min(random.Next(1, 24), bytes.Count - at);
                    bytes.InsertRange(random.Next(bytes.Count), bytes.GetRange(at, count));
                    break;
                case 5:
                    var other = seeds[random.Next(seeds.Length)];
                    var from = random.Next(other.Length);
                    bytes.InsertRange(at, other.AsSpan(from, Math.Min(random.Next(1, 40), other.Length - from)).ToArray());
                    break;
                default:
                    bytes[at] = (byte)(bytes[at] + (random.Next(2) == 0 ? 1 : -1));
                    break;
            }
        }
        return [.. bytes];
    }
}
