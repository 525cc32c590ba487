using Merlon.Kernel;
using Merlon.Registry.Contracts;
using Merlon.Scanning.Contracts;
using Merlon.Serving.Contracts;

namespace Merlon.Serving.Nodes;

/// <summary>Has a version scanned by a node, in a sandbox. Control itself never parses a model.</summary>
internal sealed class ScanDispatcher(IRegistry registry, NodeDirectory nodes, TimeProvider time) : IScanDispatcher
{
    /// <summary>Longer than the scan itself may take, so that its own answer comes first: other scans may stand before it.</summary>
    private static readonly TimeSpan s_waiting = TimeSpan.FromMinutes(1);

    public async Task<Result<ScanReport>> ScanAsync(Guid versionId, ScanPolicy? policy, CancellationToken cancellationToken)
    {
        if (!(await registry.FindAsync(versionId, cancellationToken)).Try(out var version, out var refusal))
            return refusal;
        var files = await registry.SealedFilesAsync(versionId, cancellationToken);
        var scan = new ScanAssignment(Guid.CreateVersion7(time.GetUtcNow()), versionId, version.Manifest, files, policy);
        var answer = await nodes.ScanAsync(scan, ScannerOptions.DeadlineFor(files.Sum(file => file.Size)) + s_waiting, cancellationToken);
        return answer.Report is { } report
            ? report
            : new Refusal(RefusalKind.Unavailable, "scan.failed", answer.Problem ?? "The scan gave no answer.");
    }
}
