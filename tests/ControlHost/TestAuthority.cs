using System.Security.Cryptography.X509Certificates;
using Merlon.Access.Contracts;
using Merlon.Keys;

namespace Merlon.ControlHost;

/// <summary>A real authority whose key lies in memory.</summary>
public sealed class TestAuthority(TimeProvider time) : IWorkloadAuthority
{
    private readonly IssuedCertificate _authority = DevelopmentCa.CreateAuthority("Merlon test", time.GetUtcNow());

    public string TrustDomain => "test.merlon.local";
    public string CaPem => _authority.CertificatePem;

    public Task<X509Certificate2> IssueAsync(SpiffeId id, byte[] publicKey, TimeSpan life, CancellationToken cancellationToken) =>
        Task.FromResult(WorkloadSvid.Issue(_authority, id, publicKey, [], time.GetUtcNow(), life));
}
