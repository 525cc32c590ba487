using System.Diagnostics;

namespace Merlon.EndToEnd.Tests.Installation;

/// <summary>The program as people get it: built by ./merlon into artifacts/, once per test run when it is stale.</summary>
internal static class PublishedProgram
{
    private static readonly Lazy<string> s_executable = new(Build);

    public static string Repository { get; } = FindRepository();

    public static string Executable => s_executable.Value;

    /// <summary>The recorder that lies beside these tests, as a program of its own.</summary>
    public static string Recorder { get; } = Path.Combine(AppContext.BaseDirectory.Replace("/tests/EndToEnd/", "/tests/EndToEnd/Recorder/", StringComparison.Ordinal), "recorder");

    private static string Build()
    {
        var start = new ProcessStartInfo(Path.Combine(Repository, "merlon"), ["--version"]) { RedirectStandardError = true, RedirectStandardOutput = true, UseShellExecute = false };
        // What a test host tells its children of its own build would reach the build of the program.
        foreach (var name in start.Environment.Keys.Where(k => k.StartsWith("MSBUILD", StringComparison.OrdinalIgnoreCase) || k.StartsWith("DOTNET_CLI", StringComparison.Ordinal)).ToList())
            start.Environment.Remove(name);
        using var build = Process.Start(start)!;
        var error = build.StandardError.ReadToEndAsync();
        build.StandardOutput.ReadToEnd();
        build.WaitForExit();
        return build.ExitCode == 0
            ? Path.Combine(Repository, "artifacts", "merlon", "merlon")
            : throw new InvalidOperationException("The program could not be built: " + error.Result);
    }

    private static string FindRepository()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Merlon.slnx")))
            folder = folder.Parent;
        return folder?.FullName ?? throw new InvalidOperationException("The tests run outside their repository.");
    }
}
