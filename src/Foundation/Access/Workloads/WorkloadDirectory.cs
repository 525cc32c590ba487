using Merlon.Access.Contracts;
using Merlon.Access.Policy;
using Merlon.Access.Storage;
using Microsoft.EntityFrameworkCore;

namespace Merlon.Access.Workloads;

/// <summary>The workloads that may call: enrolled, not revoked, with a certificate in force.</summary>
internal sealed class WorkloadDirectory(AccessDb db, AccessPolicy policy, TimeProvider time) : IWorkloadDirectory
{
    public async Task<IReadOnlyList<ActiveWorkload>> ListActiveAsync(IReadOnlyList<CallableEndpoint> endpoints, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var workloads = await db.Workloads.AsNoTracking().Where(w => w.RevokedAt == null).OrderBy(w => w.Principal).ToListAsync(cancellationToken);
        if (workloads.Count == 0)
            return [];
        var certificates = (await db.WorkloadCertificates.AsNoTracking().Where(c => c.NotAfter > now).OrderBy(c => c.Digest).ToListAsync(cancellationToken))
            .ToLookup(c => c.Principal, c => c.Digest, StringComparer.Ordinal);
        var snapshot = policy.Current;
        var context = new AccessContext(now);
        var byScope = endpoints.ToLookup(e => e.Scope);
        return
        [
            .. workloads.Where(w => certificates.Contains(w.Principal)).Select(w => new ActiveWorkload(
                w.SpiffeId, w.Scope, w.Principal,
                [
                    .. byScope[w.Scope].Where(e => snapshot.Decide(
                        w.Principal, Permissions.EndpointInvoke, new AccessTarget(w.Organisation, w.Project, "endpoint", e.Name), context).Allowed).Select(e => e.Id),
                ],
                [.. certificates[w.Principal]], w.SubjectPublicKey)),
        ];
    }
}
