using Merlon.Kernel;

namespace Merlon.Scanning.Contracts;

/// <summary>Looks at every byte of an artifact that matters before it may run. What could not be looked at is a finding that blocks, never an exception.</summary>
public interface IScanner
{
    Task<ScanReport> ScanAsync(ScanRequest request, IArtifactReader artifact, CancellationToken cancellationToken);
}

/// <summary>Has a pushed version scanned where a sandbox can be started: control itself never parses a model.</summary>
public interface IScanDispatcher
{
    /// <summary>The report, or why there is none (no node is there, the version is unknown).</summary>
    /// <param name="policy">Verified; null: the built-in rules.</param>
    Task<Result<ScanReport>> ScanAsync(Guid versionId, ScanPolicy? policy, CancellationToken cancellationToken);
}
