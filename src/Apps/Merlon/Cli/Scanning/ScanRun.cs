using System.Globalization;
using Merlon.Kernel;
using Merlon.Sandbox.Contracts;
using Merlon.Scanning.Contracts;

namespace Merlon.App.Cli.Scanning;

/// <summary>Looks into all targets, a few at a time, each in a sandbox of its own. Reports come in the order of the targets.</summary>
internal sealed class ScanRun(ScanTargets targets, int jobs, ScanIsolation isolation, ScanPolicy? policy)
{
    private static readonly TimeSpan s_quiet = TimeSpan.FromSeconds(1);

    private readonly long _started = TimeProvider.System.GetTimestamp();
    private int _done;
    private bool _shown;

    public async Task<IReadOnlyList<ContentScanReport>> RunAsync(CancellationToken cancellationToken)
    {
        var reports = new ContentScanReport[targets.Files.Count];
        await Parallel.ForEachAsync(Enumerable.Range(0, reports.Length), new ParallelOptions { MaxDegreeOfParallelism = jobs, CancellationToken = cancellationToken }, async (i, token) =>
        {
            var report = await ScanAsync(targets.Files[i], token);
            reports[i] = policy?.Apply(report) ?? report;
            Progress(Interlocked.Increment(ref _done), reports.Length);
        });
        if (_shown)
            await Console.Error.WriteAsync("\r\e[K");
        return reports;
    }

    private async Task<ContentScanReport> ScanAsync(ScanTarget target, CancellationToken cancellationToken)
    {
        if (target.Refused is { } refused)
            return new ContentScanReport { Path = target.Path, Format = "unknown", Findings = [refused] };
        try
        {
            var beside = targets.Beside(target);
            return await isolation.ScannerFor(beside.Sum(file => file.Size))
                .ScanAsync(new ContentScanRequest { Target = target.Path, Files = beside, Policy = policy }, targets, cancellationToken);
        }
        catch (SandboxException e)
        {
            throw ScanIsolation.Unavailable(Text.Printable(e.Message, 300));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return new ContentScanReport
            {
                Path = target.Path,
                Format = "unknown",
                Findings = [new Finding("artifact.unreadable", Verdict.Block, "The file could not be read to its end.", target.Path)],
            };
        }
    }

    private void Progress(int done, int all)
    {
        if (Console.IsErrorRedirected || TimeProvider.System.GetElapsedTime(_started) < s_quiet)
            return;
        _shown = true;
        Console.Error.Write(string.Create(CultureInfo.InvariantCulture, $"\r\e[Kscanned {done} of {all}"));
    }
}
