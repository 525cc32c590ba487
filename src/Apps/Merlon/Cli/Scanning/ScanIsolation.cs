using System.Runtime.InteropServices;
using Merlon.App.Up;
using Merlon.Sandbox.Contracts;
using Merlon.Scanning.Contracts;

namespace Merlon.App.Cli.Scanning;

/// <summary>Where the parsers run: the launcher, and the worker's program as the launcher sees it.</summary>
internal sealed record ScanIsolation(ISandboxLauncher Launcher, ScannerOptions Options) : IDisposable
{
    private const string Remedy = "Install bubblewrap (or runc, and run as root), or accept weaker isolation with --no-sandbox.";

    public static CliException Unavailable(string reason) => CliException.Unreachable($"No sandbox can be started for the parsers: {reason}", Remedy);

    public static ScanIsolation Choose(bool reduced)
    {
        var worker = Path.Combine(AppContext.BaseDirectory, "workers", "scan");
        if (!Directory.Exists(worker))
            throw CliException.Unreachable($"The scan worker is missing: there is no folder '{worker}'.", "Install Merlon completely, or start it as ./merlon.");
        if (reduced)
        {
            // The runtime lies in ROOT/shared/Microsoft.NETCore.App/VERSION/.
            var dotnet = Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", "..", "dotnet"));
            return new ScanIsolation(new ReducedLauncher(), new ScannerOptions
            {
                RootFolder = worker,
                Command = [dotnet, Path.Combine(worker, "Merlon.ScanWorker.dll")],
            });
        }
        var options = UpOptions.For(null, null);
        var runFolder = Path.Combine(RoleUsers.IsRoot ? "/run/merlon" : Path.GetTempPath(), "scan-" + Environment.ProcessId.ToString(System.Globalization.CultureInfo.InvariantCulture));
        // Own names per process: several scans may run on one machine.
        var prefix = "merlon-cli-" + Environment.ProcessId.ToString(System.Globalization.CultureInfo.InvariantCulture);
        ISandboxLauncher launcher = RuncLauncher.IsAvailable ? new RuncLauncher(runFolder, prefix, TimeProvider.System)
            : BubblewrapLauncher.IsAvailable ? new BubblewrapLauncher(runFolder, prefix, TimeProvider.System)
            : throw Unavailable("neither bubblewrap nor runc can be used here.");
        try
        {
            var root = new RootfsBuilder(Path.Combine(options.CacheDirectory, "roots")).Build(worker);
            return new ScanIsolation(launcher, new ScannerOptions { RootFolder = root }) { RunFolder = runFolder };
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Unavailable(e.Message);
        }
    }

    /// <summary>Folder of the launcher's state; null when it has none.</summary>
    private string? RunFolder { get; init; }

    public void Dispose()
    {
        if (RunFolder is not null && Directory.Exists(RunFolder))
            Directory.Delete(RunFolder, recursive: true);
    }

    /// <summary>A scanner with time for <paramref name="bytes"/>.</summary>
    public SandboxedScanner ScannerFor(long bytes) => new(Launcher, Options with { Deadline = ScannerOptions.DeadlineFor(bytes) }, TimeProvider.System);
}
