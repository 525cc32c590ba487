using Merlon.Access.Storage;
using Microsoft.EntityFrameworkCore;

namespace Merlon.Access.Sso;

/// <summary>What sessions owe to a provider.</summary>
internal static class Provers
{
    /// <summary>The provider that a session came from, if its word counts as a second factor.</summary>
    public static async Task<string?> OfAsync(AccessDb db, string session, CancellationToken cancellationToken)
    {
        var name = await db.Tokens.AsNoTracking().Where(t => t.Id == session).Select(t => t.Provider).SingleOrDefaultAsync(cancellationToken);
        var provider = name is null ? null : await db.Providers.AsNoTracking().SingleOrDefaultAsync(p => p.Name == name, cancellationToken);
        return provider is not null && ProviderSettings.Read(provider.Settings) is var settings && settings.MfaAcr.Count + settings.MfaAmr.Count > 0 ? name : null;
    }
}
