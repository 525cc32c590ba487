using System.Runtime.InteropServices;
using Merlon.Kernel;
using Merlon.Sandbox.Contracts;
using Merlon.Scanning.Contracts;
using Merlon.Scanning.Tests;

namespace Merlon.ScanWorker.Tests;

public sealed class ContentScanTests : IDisposable
{
    private static readonly string s_worker = Path.GetDirectoryName(typeof(ContentScanTests).Assembly.Location)!.Replace("/tests/Apps/", "/src/Apps/", StringComparison.Ordinal);
    private static readonly string s_dotnet = Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", "..", "dotnet"));

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("merlon-content-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Theory]
    [InlineData("runc", "full")]
    [InlineData("bubblewrap", "")]
    [InlineData("none", "reduced (missing: sandbox)")]
    public async Task ScanAsync_OneFile_GetsItsVerdictAndSaysHowItWasIsolated(string kind, string isolation)
    {
        var report = await ScanAsync(kind, new MemoryArtifact(("config.json", "{\"auto_map\":1}"u8.ToArray())));
        Assert.Equal(("json", Verdict.Warn, "file.remote-code"), (report.Format, report.Verdict, Assert.Single(report.Findings).Rule));
        Assert.Contains(isolation, report.Isolation, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/bin/false", "scan.crashed")]
    [InlineData("/bin/sleep 60", "scan.deadline")]
    public async Task ScanAsync_WorkerThatEndsOrHangs_IsABlock(string command, string rule)
    {
        var report = await ScanAsync("none", new MemoryArtifact(("a.txt", "a"u8.ToArray())), command.Split(' '));
        Assert.Equal((rule, Verdict.Block), (Assert.Single(report.Findings).Rule, report.Verdict));
    }

    [Fact]
    public async Task ScanAsync_TooLittleMemory_IsABlock()
    {
        var report = await ScanAsync("none", new MemoryArtifact(("a.txt", [.. Enumerable.Repeat((byte)'a', 60 * 1024 * 1024)])), memory: 40 * 1024 * 1024);
        Assert.Equal(("scan.memory", Verdict.Block), (Assert.Single(report.Findings).Rule, report.Verdict));
    }

    [Fact]
    public async Task ScanAsync_NoProgram_IsRefusedRatherThanJudged() =>
        await Assert.ThrowsAnyAsync<IOException>(() => ScanAsync("bubblewrap", new MemoryArtifact(("a.txt", "a"u8.ToArray())), ["/nowhere"]));

    private Task<ContentScanReport> ScanAsync(string kind, MemoryArtifact artifact, string[]? command = null, long memory = 512 * 1024 * 1024)
    {
        ISandboxLauncher launcher = kind switch
        {
            "runc" => new RuncLauncher(_folder.FullName, "contenttest", TimeProvider.System),
            "bubblewrap" => new BubblewrapLauncher(_folder.FullName, "contenttest", TimeProvider.System),
            _ => new ReducedLauncher(),
        };
        var options = new ScannerOptions
        {
            RootFolder = kind == "none" ? s_worker : new RootfsBuilder(Path.Combine(Path.GetTempPath(), "merlon-test-roots")).Build(s_worker),
            Limits = new SandboxLimits { MemoryBytes = memory, Processors = 1, Processes = 64 },
            Deadline = command is ["/bin/sleep", ..] ? TimeSpan.FromSeconds(1) : TimeSpan.FromMinutes(1),
        };
        if (kind == "none")
            options = options with { Command = [s_dotnet, Path.Combine(s_worker, "Merlon.ScanWorker.dll")] };
        if (command is not null)
            options = options with { Command = command };
        var files = artifact.Files.Select(file => new ContentFile(file.Path, file.Size));
        return new SandboxedScanner(launcher, options, TimeProvider.System)
            .ScanAsync(new ContentScanRequest { Target = artifact.Files[0].Path, Files = [.. files] }, artifact, CancellationToken.None);
    }
}
