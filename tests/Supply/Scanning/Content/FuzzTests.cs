using System.Buffers.Binary;
using System.Diagnostics;
using System.Text;
using Merlon.Kernel;
using Xunit.Abstractions;
using static Merlon.Scanning.Tests.OnnxBytes;

namespace Merlon.Scanning.Tests.Content;

/// <summary>Structure-aware mutation of every parser: no exception escapes, time and memory are bounded, and bytes that are not understood never pass.</summary>
public sealed class FuzzTests(LibraryCorpus corpus, ITestOutputHelper output) : IClassFixture<LibraryCorpus>
{
    private const int Quick = 50_000, Soak = 2_000_000;

    /// <summary>Formats that account for every byte: what grew or shrank cannot pass.</summary>
    private static readonly string[] s_exact = ["m.safetensors", "m.gguf", "be.gguf", "plain.h5"];

    private static readonly ulong[] s_numbers = [0, 1, 2, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF, 0x100000000, long.MaxValue, ulong.MaxValue, ulong.MaxValue - 7];

    [Fact]
    public void Scan_MutatedFiles_NeverEscapeNorPassUnread()
    {
        var seeds = Seeds();
        var cases = SoakCases.Of(Quick, Soak);
        var random = new Random(20260901);
        var (passed, slowest, largest) = (0, TimeSpan.Zero, 0L);
        for (var i = 0; i < cases; i++)
        {
            var (name, seed) = seeds[i % seeds.Length];
            var (content, resized) = Mutate(seed, random);
            var before = GC.GetAllocatedBytesForCurrentThread();
            var watch = Stopwatch.StartNew();
            var report = ContentCases.Scan(name, content);
            slowest = watch.Elapsed > slowest ? watch.Elapsed : slowest;
            largest = Math.Max(largest, GC.GetAllocatedBytesForCurrentThread() - before);
            if (report.Findings.Any(finding => finding.Rule.StartsWith("scan.", StringComparison.Ordinal)))
                Assert.Fail($"case {i} of {name}: {report.Findings[^1].Message} {Convert.ToBase64String(content)}");
            if (report.Verdict != Verdict.Pass)
                continue;
            passed++;
            // What is left of a cut file may be a few letters, which are text or broken JSON.
            Assert.False(resized && (report.Format is "gguf" or "safetensors" or "hdf5") && s_exact.Contains(name, StringComparer.Ordinal) && content.Length != seed.Length, $"case {i} of {name} has more or fewer bytes than its seed and passed: {Convert.ToBase64String(content)}");
        }
        output.WriteLine($"{cases} cases, {passed} passed, slowest {slowest.TotalMilliseconds:0} ms, most allocated {largest / 1024} KiB");
        Assert.True(slowest < TimeSpan.FromSeconds(5));
        Assert.True(largest < 256L * 1024 * 1024);
    }

    private (string Name, byte[] Content)[] Seeds() =>
    [
        ("m.safetensors", SafetensorsTests.File(SafetensorsTests.Ordinary, 32)),
        ("m.gguf", GgufTests.Ordinary().ToArray()),
        ("be.gguf", GgufTests.Ordinary(bigEndian: true).ToArray()),
        .. TemplateTests.Ordinary.Select((template, i) => ($"template{i}.gguf", new GgufBytes().Text("tokenizer.chat_template", template).ToArray())),
        ("m.keras", KerasTests.Archive(KerasTests.Model(KerasTests.Dense))),
        ("config.json", Encoding.UTF8.GetBytes(KerasTests.Model(KerasTests.Dense))),
        ("saved_model.pb", TensorFlowTests.SavedModel(TensorFlowTests.Graph(["Const", "MatMul"], TensorFlowTests.Function("__inference_f", "Relu")))),
        ("frozen.pb", TensorFlowTests.Graph(["Const", "MatMul"])),
        ("m.onnx", Model(Node("Relu"))),
        ("plain.h5", File.ReadAllBytes(Path.Combine(corpus.Folder, "benign", "plain.h5"))),
        ("latest.h5", File.ReadAllBytes(Path.Combine(corpus.Folder, "benign", "latest.h5"))),
        ("keras2-vlen.h5", File.ReadAllBytes(Path.Combine(corpus.Folder, "benign", "keras2-vlen.h5"))),
        ("n.ipynb", Encoding.UTF8.GetBytes(TextTests.Notebook("\"x = 1\"", "<b>1</b>"))),
        ("c.yaml", "a:\n  - b: &x [1, 2]\n  - _target_: torch.nn.Linear\n  - *x\n"u8.ToArray()),
    ];

    private static (byte[] Content, bool Resized) Mutate(byte[] seed, Random random)
    {
        var bytes = (byte[])seed.Clone();
        for (var rounds = random.Next(1, 4); rounds > 0; rounds--)
        {
            // Headers and structure lie at the beginning: half of all changes go there.
            var at = random.Next(random.Next(2) == 0 ? Math.Min(bytes.Length, 512) : bytes.Length);
            switch (random.Next(8))
            {
                case 0:
                    bytes[at] ^= (byte)(1 << random.Next(8));
                    break;
                case 1:
                    bytes[at] = (byte)s_numbers[random.Next(6)];
                    break;
                case 2 when bytes.Length >= at + 8:
                    BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(at), s_numbers[random.Next(s_numbers.Length)]);
                    break;
                case 3 when bytes.Length >= at + 4:
                    BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(at), (uint)s_numbers[random.Next(s_numbers.Length)]);
                    break;
                case 4:
                    var from = random.Next(bytes.Length);
                    var count = Math.Min(random.Next(1, 32), bytes.Length - Math.Max(from, at));
                    bytes.AsSpan(from, count).CopyTo(bytes.AsSpan(at));
                    break;
                case 5:
                    return (bytes[..at], true);
                case 6:
                    return ([.. bytes, .. Enumerable.Range(0, random.Next(1, 40)).Select(_ => (byte)random.Next(1, 256))], true);
                default:
                    var taken = bytes.AsSpan(at, Math.Min(random.Next(1, 24), bytes.Length - at)).ToArray();
                    bytes = random.Next(2) == 0 ? [.. bytes[..at], .. taken, .. bytes[at..]] : [.. bytes[..at], .. bytes[(at + taken.Length)..]];
                    if (bytes.Length == 0)
                        return ([0], true);
                    break;
            }
        }
        return (bytes, false);
    }
}
