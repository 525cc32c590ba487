using Merlon.Kernel;

namespace Merlon.Scanning.Contracts;

/// <summary>Looks at every byte of an artifact that matters before it may run. What could not be looked at is a finding that blocks, never an exception.</summary>
public interface IScanner
{
    Task<ScanReport> ScanAsync(ScanRequest request, IArtifactReader artifact, CancellationToken cancellationToken);
}
