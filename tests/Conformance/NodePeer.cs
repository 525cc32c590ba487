using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace Merlon.Conformance.Tests;

/// <summary>Runs the peer implementations under <c>peers/</c>; installs them once from the lock file when they are missing.</summary>
public sealed class NodePeer
{
    private static readonly string s_directory = Path.Combine(Path.GetDirectoryName(SourcePath())!, "peers");

    public NodePeer()
    {
        lock (s_directory)
        {
            // npm writes its own lock file at the end: without one, or with an older one, something is missing. Several test programs may come here at once.
            Run("flock", ".", "sh", "-c", "test node_modules/.package-lock.json -nt package-lock.json || npm ci --ignore-scripts --no-audit --no-fund");
        }
    }

    public void Node(params string[] arguments) => Run("node", arguments);

    private static void Run(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments)
        {
            WorkingDirectory = s_directory,
            UseShellExecute = false,
            RedirectStandardError = true,
            RedirectStandardOutput = true,
        })!;
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEnd();
        process.WaitForExit();
        if (process.ExitCode != 0)
            throw new InvalidOperationException($"{program} {string.Join(' ', arguments)} failed: {errors} {output.GetAwaiter().GetResult()}");
    }

    /// <summary>The compiler maps source paths to /_/; the repository is found upwards from the binaries instead.</summary>
    private static string SourcePath([CallerFilePath] string mapped = "")
    {
        var directory = new DirectoryInfo(AppContext.BaseDirectory);
        while (directory is not null && !File.Exists(Path.Combine(directory.FullName, "Merlon.slnx")))
            directory = directory.Parent;
        return Path.Combine(directory?.FullName ?? throw new DirectoryNotFoundException("The repository root was not found."), mapped.Replace("/_/", "", StringComparison.Ordinal));
    }
}
