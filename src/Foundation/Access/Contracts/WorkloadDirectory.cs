using System.Security.Cryptography.X509Certificates;
using Merlon.Kernel;
using Merlon.Keys;

namespace Merlon.Access.Contracts;

/// <summary>The installation's authority, for the module that enrols workloads. Kept by the host, which has its key.</summary>
public interface IWorkloadAuthority
{
    string TrustDomain { get; }
    string CaPem { get; }

    /// <summary>A certificate for a public key (SPKI) whose holder has proved that it has the private one.</summary>
    Task<X509Certificate2> IssueAsync(SpiffeId id, byte[] publicKey, TimeSpan life, CancellationToken cancellationToken);
}

/// <summary>An endpoint that a workload may be allowed to call.</summary>
public sealed record CallableEndpoint(Guid Id, Scope Scope, string Name);

/// <summary>The workloads that gateways must know, for the module that makes their snapshot.</summary>
public interface IWorkloadDirectory
{
    /// <summary>Workloads with a certificate in force, each with those of the endpoints that it has <c>endpoint:invoke</c> on.</summary>
    Task<IReadOnlyList<ActiveWorkload>> ListActiveAsync(IReadOnlyList<CallableEndpoint> endpoints, CancellationToken cancellationToken);
}

public sealed record ActiveWorkload(
    string SpiffeId, Scope Scope, string Principal, IReadOnlyList<Guid> EndpointIds, IReadOnlyList<Digest> Certificates, ReadOnlyMemory<byte> SubjectPublicKey);
