using Merlon.Kernel;
using Merlon.Sandbox.Contracts;
using Merlon.Scanning.Contracts;
using Merlon.Serving.Contracts;
using Microsoft.Extensions.Logging;

namespace Merlon.Serving.Node;

/// <summary>Runs one scan: a sandbox of its own, keys for this artifact only, a report back to control.</summary>
internal sealed partial class ScanRunner(
    NodeOptions options, ControlLink control, ISandboxLauncher launcher, NodeRoots roots, NodeEvents events, TimeProvider time, ILogger<ScanRunner> log)
{
    // Each scan is a process of its own; a few at a time leave the machine to the workers.
    private readonly SemaphoreSlim _places = new(2, 2);

    private SandboxedScanner ScannerFor(long bytes) => new(launcher, new ScannerOptions
    {
        RootFolder = roots.ScanWorker,
        UserId = (uint)options.ScannerUser,
        GroupId = (uint)options.ScannerUser,
        Deadline = ScannerOptions.DeadlineFor(bytes),
    }, time);

    /// <summary>Scans and answers. Never throws: a scan that fails, for whatever reason, is answered with the reason.</summary>
    public async Task RunAsync(ScanAssignment scan, CancellationToken cancellationToken)
    {
        try
        {
            await _places.WaitAsync(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            return;
        }
        try
        {
            var report = await ScanAsync(scan, cancellationToken);
            await events.ScanAsync(scan, EventStatus.Success, $"Scanned: {report.Verdict.ToString().ToLowerInvariant()}, {report.Findings.Length} findings.");
            await control.AnswerAsync(new ScanAnswer(scan.ScanId, report, null), cancellationToken);
        }
        catch (Exception) when (cancellationToken.IsCancellationRequested)
        {
            // Stopped; control says itself that no answer came.
        }
        catch (Exception e)
        {
            Log.Failed(log, scan.ScanId, e.Message);
            await events.ScanAsync(scan, EventStatus.Failure, e.Message);
            await TellAsync(new ScanAnswer(scan.ScanId, null, e.Message), cancellationToken);
        }
        finally
        {
            _places.Release();
        }
    }

    private async Task<ScanReport> ScanAsync(ScanAssignment scan, CancellationToken cancellationToken)
    {
        var release = await control.KeysAsync(new KeyRequest(null, scan.ScanId, scan.Manifest), cancellationToken);
        using var artifact = new SealedArtifact(options.BlobDirectory, scan.Files, release.Keys);
        return await ScannerFor(scan.Files.Sum(file => file.Size)).ScanAsync(new ScanRequest { Files = [.. artifact.Files], Policy = scan.Policy }, artifact, cancellationToken);
    }

    private async Task TellAsync(ScanAnswer answer, CancellationToken cancellationToken)
    {
        try
        {
            await control.AnswerAsync(answer, cancellationToken);
        }
        catch (Exception e)
        {
            // Control waits only so long and then says itself that no answer came.
            Log.Failed(log, answer.ScanId, e.Message);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "Scan {ScanId} failed: {Problem}")]
        public static partial void Failed(ILogger logger, Guid scanId, string problem);
    }
}
