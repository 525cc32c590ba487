using Merlon.Access.Contracts;
using Merlon.Access.Policy;
using Merlon.Access.Storage;
using Microsoft.EntityFrameworkCore;

namespace Merlon.Access.Keys;

/// <summary>The keys that may call: in force, and with <c>endpoint:invoke</c> on their endpoint.</summary>
internal sealed class ApiKeyDirectory(AccessDb db, AccessPolicy policy, TimeProvider time) : IApiKeyDirectory
{
    public async Task<IReadOnlyList<ActiveApiKey>> ListActiveAsync(CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var keys = await db.ApiKeys.AsNoTracking().Where(k => k.RevokedAt == null && k.NotAfter > now).ToListAsync(cancellationToken);
        var snapshot = policy.Current;
        return
        [
            .. keys.Where(k => snapshot.Decide(
                    k.Principal, Permissions.EndpointInvoke, new AccessTarget(k.Organisation, k.Project, "endpoint", k.EndpointName), new AccessContext(now)).Allowed)
                .Select(k => new ActiveApiKey(k.KeyId, k.SecretHash, k.Scope, k.Principal, k.EndpointId, k.NotAfter, k.RatePerSecond, k.SubjectPublicKey)),
        ];
    }
}
