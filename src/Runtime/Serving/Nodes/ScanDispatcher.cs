using Merlon.Kernel;
using Merlon.Registry.Contracts;
using Merlon.Scanning.Contracts;
using Merlon.Serving.Contracts;

namespace Merlon.Serving.Nodes;

/// <summary>Has a version scanned by a node, in a sandbox. Control itself never parses a model.</summary>
internal sealed class ScanDispatcher(IRegistry registry, NodeDirectory nodes, TimeProvider time) : IScanDispatcher
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(120);

    public async Task<Result<ScanReport>> ScanAsync(Guid versionId, CancellationToken cancellationToken)
    {
        if (!(await registry.FindAsync(versionId, cancellationToken)).Try(out var version, out var refusal))
            return refusal;
        var files = await registry.SealedFilesAsync(versionId, cancellationToken);
        var scan = new ScanAssignment(Guid.CreateVersion7(time.GetUtcNow()), versionId, version.Manifest, files);
        var answer = await nodes.ScanAsync(scan, s_patience, cancellationToken);
        return answer.Report is { } report
            ? report
            : new Refusal(RefusalKind.Unavailable, "scan.failed", answer.Problem ?? "The scan gave no answer.");
    }
}
