using Merlon.Access.Contracts;
using Merlon.Access.Storage;
using Microsoft.EntityFrameworkCore;

namespace Merlon.Access.Keys;

internal sealed class ApiKeyDirectory(AccessDb db, TimeProvider time) : IApiKeyDirectory
{
    public async Task<IReadOnlyList<ActiveApiKey>> ListActiveAsync(CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var keys = await db.ApiKeys.AsNoTracking().Where(k => k.RevokedAt == null && k.NotAfter > now).ToListAsync(cancellationToken);
        return keys.ConvertAll(k => new ActiveApiKey(
            k.KeyId, k.SecretHash, k.Scope, k.Principal, k.EndpointId, k.NotAfter, k.RatePerSecond, k.SubjectPublicKey));
    }
}
