using Merlon.Admission.Contracts;
using Merlon.Kernel;

namespace Merlon.Serving.Contracts;

/// <summary>An endpoint whose current revision is served, for the module that makes the gateway's snapshot.</summary>
public sealed record ServedEndpoint(
    Scope Scope, Guid EndpointId, string Name, string Environment, Guid RevisionId, string Model, int ModelVersion, Digest Manifest, Digest ContractDigest,
    Digest PolicyDigest, TensorContract Contract, string WorkerSocket, EndpointRestrictions? Restrictions = null);

public interface IRouteDirectory
{
    Task<IReadOnlyList<ServedEndpoint>> ListServedAsync(CancellationToken cancellationToken);
}
