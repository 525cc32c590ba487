using System.Diagnostics;

namespace Merlon.Scanning.Tests.Pickle;

/// <summary>Files made by a script with the real libraries, once for all tests of a class.</summary>
internal sealed class PythonCorpus : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("merlon-corpus-");

    public PythonCorpus(string script)
    {
        // Debian's python, which has the libraries; another may come first on the PATH.
        var start = new ProcessStartInfo("/usr/bin/python3", [Path.Combine(AppContext.BaseDirectory, "Pickle", script), _folder.FullName]) { RedirectStandardError = true };
        start.Environment["PYTHONWARNINGS"] = "ignore";
        using var process = Process.Start(start)!;
        var problems = process.StandardError.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, problems);
    }

    public IEnumerable<string> Files => Directory.EnumerateFiles(_folder.FullName).Order(StringComparer.Ordinal);

    public string this[string name] => Path.Combine(_folder.FullName, name);

    public void Dispose() => _folder.Delete(recursive: true);
}
