using System.Diagnostics;
using Merlon.Kernel;

namespace Merlon.Scanning.Tests.Content;

/// <summary>Files that real libraries wrote. Missing Python or a library is a failure: a corpus that is not there finds nothing.</summary>
public sealed class LibraryCorpus : IDisposable
{
    private const string Python = "/usr/bin/python3";

    public LibraryCorpus()
    {
        Folder = Directory.CreateTempSubdirectory("merlon-corpus-").FullName;
        var script = Path.Combine(Path.GetDirectoryName(typeof(LibraryCorpus).Assembly.Location)!, "corpus.py");
        using var process = Process.Start(new ProcessStartInfo(Python, [script, Folder]) { RedirectStandardError = true })!;
        var error = process.StandardError.ReadToEnd();
        process.WaitForExit();
        if (process.ExitCode != 0)
            throw new InvalidOperationException($"The corpus could not be made (python3-h5py and python3-onnx are needed): {error}");
    }

    public string Folder { get; }

    public void Dispose() => Directory.Delete(Folder, recursive: true);
}

public sealed class LibraryCorpusTests(LibraryCorpus corpus) : IClassFixture<LibraryCorpus>
{
    [Fact]
    public void Scan_OrdinaryFilesOfRealLibraries_Pass()
    {
        var files = Read("benign");
        Assert.True(files.Length >= 8);
        var alarms = files.Select(file => ContentCases.Scan(file.Path, file.Content, [.. files.Where(other => other.Path != file.Path)])).Where(report => report.Verdict != Verdict.Pass)
            .SelectMany(report => report.Findings.Select(finding => $"{report.Path}: {finding.Rule} {finding.Message}"));
        Assert.Equal([], alarms);
    }

    [Fact]
    public void Scan_HostileFilesOfRealLibraries_AreBlockedByTheirRule()
    {
        var files = Read("hostile");
        Assert.True(files.Length >= 16);
        var missed = files.Where(file =>
        {
            var report = ContentCases.Scan(file.Path, file.Content);
            return report.Verdict != Verdict.Block || report.Findings.All(finding => finding.Rule != file.Path.Split("__")[0]);
        }).Select(file => $"{file.Path}: {string.Join(", ", ContentCases.Scan(file.Path, file.Content).Findings.Select(finding => finding.Rule + " " + finding.Message))}");
        Assert.Equal([], missed);
    }

    private (string Path, byte[] Content)[] Read(string kind) =>
        [.. Directory.EnumerateFiles(Path.Combine(corpus.Folder, kind)).Order(StringComparer.Ordinal).Select(path => (Path.GetFileName(path), File.ReadAllBytes(path)))];
}
