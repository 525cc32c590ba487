using System.Text;
using System.Text.Json;
using Merlon.Access.Contracts;
using Merlon.Access.Issuers;
using Merlon.Access.Storage;
using Merlon.Kernel;
using Microsoft.EntityFrameworkCore;

namespace Merlon.Access.Sso;

/// <summary>A provider tells that a session ended there (OpenID Connect Back-Channel Logout 1.0); what rests on it here ends too.</summary>
internal sealed class ProviderLogout(AccessDb db, IssuedTokens tokens, OneTimeTokens once, ControlEvents events, TimeProvider time)
{
    private const int Logoff = 2;
    private const string Event = "http://schemas.openid.net/event/backchannel-logout";
    private static readonly Refusal s_bad = new(RefusalKind.Invalid, "sso.logout", "This is no logout token for us, or it was used before.");

    /// <summary>
    /// Section 2.6: 1. by the issuer, for us, in its time; 2. with a session or a subject; 3. with the event; 4. without a nonce; 5. not used before.
    /// </summary>
    public async Task<Result<Unit>> EndAsync(string name, string? text, CancellationToken cancellationToken)
    {
        if (await db.Providers.AsNoTracking().SingleOrDefaultAsync(p => p.Name == name, cancellationToken) is not { } provider)
            return ProviderService.Unknown(name);
        // 1
        if (!(await tokens.VerifyAsync(SsoFlow.AddressOf(provider), text, provider.ClientId, "logout+jwt", cancellationToken)).Try(out var claims, out var bad))
            return bad.Kind == RefusalKind.Unauthenticated ? s_bad : bad;
        // 2
        var (subject, session) = (TokenClaims.Text(claims, "sub", 255), TokenClaims.Text(claims, "sid"));
        // 3, 4
        var isLogout = claims.TryGetProperty("events", out var told) && told.ValueKind == JsonValueKind.Object && told.TryGetProperty(Event, out var one) && one.ValueKind == JsonValueKind.Object;
        if ((subject is null && session is null) || !isLogout || claims.TryGetProperty("nonce", out _))
            return s_bad;
        // 5
        if (TokenClaims.Text(claims, "jti") is not { } id || TokenClaims.Time(claims, "exp") is not { } end || !await once.TakeAsync(provider.Issuer, id, end, cancellationToken))
            return s_bad;
        return await EndSessionsAsync(provider.Name, subject, session, cancellationToken);
    }

    private async Task<Result<Unit>> EndSessionsAsync(string provider, string? subject, string? session, CancellationToken cancellationToken)
    {
        var person = subject is null ? null : await db.Identities.Where(i => i.Provider == provider && i.Subject == subject).Select(i => i.PrincipalId).SingleOrDefaultAsync(cancellationToken);
        if (subject is not null && person is null)
            return Unit.Value;
        var now = time.GetUtcNow();
        var open = await db.Tokens.Where(t => t.Provider == provider && t.RevokedAt == null && (session == null || t.ProviderSession == session) && (person == null || t.PrincipalId == person))
            .ToListAsync(cancellationToken);
        open.ForEach(t => t.RevokedAt = now);
        foreach (var group in open.GroupBy(t => t.PrincipalId))
        {
            var principal = await db.Principals.AsNoTracking().SingleAsync(p => p.Id == group.Key, cancellationToken);
            await db.CommitAsync(
                events.By(principal.Id, principal.Scope, OcsfClass.Authentication, Logoff, "sso.logout", new EventResource("principal", principal.Id), "The identity provider ended the session.") with
                {
                    Attributes = [("provider", provider), ("sessions_ended", group.Count())],
                },
                cancellationToken);
        }
        return Unit.Value;
    }
}
