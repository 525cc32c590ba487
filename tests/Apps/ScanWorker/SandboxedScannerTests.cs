using System.Diagnostics;
using Merlon.Kernel;
using Merlon.Sandbox.Contracts;
using Merlon.Scanning.Contracts;
using Merlon.Scanning.Tests;
using Xunit.Abstractions;
using static Merlon.Scanning.Tests.OnnxBytes;

namespace Merlon.ScanWorker.Tests;

public sealed class SandboxedScannerTests(ITestOutputHelper output) : IDisposable
{
    private static readonly string s_worker = Path.GetDirectoryName(typeof(SandboxedScannerTests).Assembly.Location)!.Replace("/tests/Apps/", "/src/Apps/", StringComparison.Ordinal);
    private static readonly Lazy<string> s_root = new(() => new RootfsBuilder(Path.Combine(Path.GetTempPath(), "merlon-test-roots")).Build(s_worker));

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("merlon-scan-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Theory]
    [InlineData("runc")]
    [InlineData("bubblewrap")]
    public async Task ScanAsync_CleanAndHostileArtifacts_GetTheSameVerdictAsTheRules(string kind)
    {
        var clean = new MemoryArtifact(("model.onnx", Model(Node("Relu"))), ("README.md", "fine"u8.ToArray()));
        var watch = Stopwatch.StartNew();
        var report = await ScanAsync(kind, clean, clean);
        output.WriteLine($"{kind}: {watch.ElapsedMilliseconds} ms, isolation {report.Facts["isolation"]}");
        Assert.Empty(report.Findings);
        Assert.Equal("x", Assert.Single(report.Signature!.Inputs).Name);

        var hostile = new MemoryArtifact(("model.onnx", Model([.. Node("Relu"), .. External("w", 4, ("location", "/etc/passwd"))])));
        Assert.Equal("onnx.external-data.absolute", Assert.Single((await ScanAsync(kind, hostile, hostile)).Findings).Rule);
    }

    /// <summary>The policy goes into the sandbox for its names, and is applied outside of it for its rules.</summary>
    [Fact]
    public async Task ScanAsync_ArtifactWithAPickle_IsLookedInto_ByThePolicy()
    {
        byte[] pickle = [0x80, 4, .. "cown.models\nScorer\n)R."u8];
        var artifact = new MemoryArtifact(("model.onnx", Model(Node("Relu"))), ("w.pkl", pickle), ("run.py", "import os\n"u8.ToArray()));
        Assert.Equal(["text.python", "file.kind", "pickle.name", "pickle.call", "file.kind"], (await ScanAsync("runc", artifact, artifact)).Findings.OrderByDescending(f => f.Location![0] == 'r').Select(f => f.Rule));
        var policy = ScanPolicy.Read("version: 1\nname: t\nsuppress:\n  - rule: text.python\n    path: run.py\n    reason: Read.\nnames:\n  - library: own\n    versions: all\n    reason: Ours.\n    use: call\n    module: own.models\n    allow: [Scorer]\n"u8).Value;
        var report = await ScanAsync("runc", artifact, artifact, policy: policy);
        Assert.Equal(["file.kind", "file.kind"], report.Findings.Where(f => f.Suppressed is null).Select(f => f.Rule));
        Assert.Equal(("text.python", Verdict.Pass), (Assert.Single(report.Findings, f => f.Suppressed is not null).Rule, report.Findings.Single(f => f.Suppressed is not null).Severity));
        Assert.Equal(ScanPolicy.RulesOf(policy).ToString(), report.Facts["rules"]);
    }

    [Fact]
    public async Task ScanAsync_ArtifactThatDoesNotAuthenticate_IsBlocked()
    {
        var artifact = new MemoryArtifact(("model.onnx", Model(Node("Relu"))));
        var report = await ScanAsync("runc", artifact, new Corrupt());
        Assert.Equal(("artifact.unreadable", Verdict.Block), (report.Findings[0].Rule, report.Verdict));
    }

    [Fact]
    public async Task ScanAsync_ReaderThatNeverAnswers_IsBlockedAtTheDeadline()
    {
        var artifact = new MemoryArtifact(("model.onnx", Model(Node("Relu"))));
        var watch = Stopwatch.StartNew();
        var report = await ScanAsync("runc", artifact, new Hanging(), new ScannerOptions { RootFolder = s_root.Value, Deadline = TimeSpan.FromSeconds(1) });
        Assert.Equal("scan.deadline", Assert.Single(report.Findings).Rule);
        Assert.InRange(watch.Elapsed.TotalSeconds, 1, 10);
    }

    [Fact]
    public async Task ScanAsync_TooLittleMemory_IsBlockedAndSaysSo()
    {
        var artifact = new MemoryArtifact(("model.onnx", Model(Node("Relu"))));
        var report = await ScanAsync("runc", artifact, artifact,
            new ScannerOptions { RootFolder = s_root.Value, Limits = new SandboxLimits { MemoryBytes = 8 * 1024 * 1024, Processors = 1 } });
        Assert.Equal(Verdict.Block, report.Verdict);
        Assert.Contains(Assert.Single(report.Findings).Rule, (string[])["scan.memory", "scan.crashed", "scan.not-started"]);
    }

    [Fact]
    public async Task ScanAsync_WorkerThatIsNoScanner_IsBlocked()
    {
        var artifact = new MemoryArtifact(("model.onnx", Model(Node("Relu"))));
        var empty = Path.Combine(_folder.FullName, "root");
        foreach (var name in (string[])["proc", "dev", "tmp", "app", "dotnet"])
            Directory.CreateDirectory(Path.Combine(empty, name));
        var report = await ScanAsync("runc", artifact, artifact, new ScannerOptions { RootFolder = empty });
        Assert.Equal(("scan.not-started", Verdict.Block), (report.Findings[0].Rule, report.Verdict));
    }

    private Task<ScanReport> ScanAsync(string kind, MemoryArtifact artifact, IArtifactReader reader, ScannerOptions? options = null, ScanPolicy? policy = null)
    {
        ISandboxLauncher launcher = kind == "runc"
            ? new RuncLauncher(_folder.FullName, "scantest", TimeProvider.System)
            : new BubblewrapLauncher(_folder.FullName, "scantest", TimeProvider.System);
        var scanner = new SandboxedScanner(launcher, options ?? new ScannerOptions { RootFolder = s_root.Value }, TimeProvider.System);
        return scanner.ScanAsync(new ScanRequest { Files = artifact.Files, Policy = policy }, reader, CancellationToken.None);
    }

    private sealed class Corrupt : IArtifactReader
    {
        public Stream OpenFile(string path) => throw new InvalidDataException("Frame 0 does not authenticate.");
    }

    private sealed class Hanging : IArtifactReader
    {
        public Stream OpenFile(string path) => new Never();

        private sealed class Never : MemoryStream
        {
            public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
            {
                await Task.Delay(Timeout.Infinite, cancellationToken);
                return 0;
            }
        }
    }
}
