using Merlon.Access.Contracts;
using Merlon.Access.Model;
using Merlon.Access.SignIn;
using Merlon.Access.Sso;
using Merlon.Access.Storage;
using Microsoft.EntityFrameworkCore;

namespace Merlon.Access.Sessions;

/// <summary>A session as its holder gets it, once.</summary>
internal sealed record IssuedSession(string Text, AccessToken Token, Principal Principal);

/// <summary>Makes and ends the sessions of people.</summary>
internal sealed class SessionIssuer(AccessDb db, TimeProvider time)
{
    /// <summary>A browser's session ends after this, whatever happens, and earlier when it is idle.</summary>
    private static readonly TimeSpan s_browser = TimeSpan.FromHours(12);
    private static readonly TimeSpan s_browserIdle = TimeSpan.FromMinutes(30);
    private static readonly TimeSpan s_bearer = TimeSpan.FromDays(30);
    private static readonly TimeSpan s_bearerIdle = TimeSpan.FromDays(7);

    /// <summary>Groups at a provider are as new as the last sign-in there; nobody goes on for longer without one.</summary>
    private static readonly TimeSpan s_providerBearer = TimeSpan.FromHours(24);

    /// <summary>Stages a new session on the context; the caller commits it with the event that tells of it.</summary>
    /// <param name="principal">Whose it is.</param>
    /// <param name="kind"><see cref="AccessToken.Browser"/> or <see cref="AccessToken.Bearer"/>.</param>
    /// <param name="origin">Where it is made.</param>
    /// <param name="methods">How the person proved who they are (RFC 8176).</param>
    /// <param name="mfaAt">When they proved a second factor; null when they have not.</param>
    /// <param name="cancellationToken">Stops before anything is staged.</param>
    /// <param name="link">The identity provider that vouches for the person; null where they sign in here.</param>
    public async Task<IssuedSession> IssueAsync(
        Principal principal, string kind, SignInOrigin origin, string methods, DateTimeOffset? mfaAt, CancellationToken cancellationToken, ProviderLink? link = null)
    {
        var now = time.GetUtcNow();
        var isBrowser = kind == AccessToken.Browser;
        var credential = Credential.Mint(PrefixOf(kind));
        var token = new AccessToken
        {
            Id = credential.Id,
            PrincipalId = principal.Id,
            SecretHash = credential.SecretHash,
            CreatedAt = now,
            NotAfter = now + (isBrowser ? s_browser : link is null ? s_bearer : s_providerBearer),
            Kind = kind,
            MfaAt = mfaAt,
            Methods = methods,
            IdleSeconds = (int)(isBrowser ? s_browserIdle : s_bearerIdle).TotalSeconds,
            LastSeenAt = now,
            Device = origin.Device,
            Network = origin.Network,
            RotatedAt = now,
            Provider = link?.Provider,
            ProviderSession = link?.Session,
        };
        await EndOldestAsync(principal.Id, now, cancellationToken);
        db.Tokens.Add(token);
        return new IssuedSession(credential.Text, token, principal);
    }

    public static string PrefixOf(string kind) => kind == AccessToken.Browser ? Credential.SessionPrefix : Credential.TokenPrefix;

    /// <summary>Ends all sessions of a principal but one. Effective with the commit.</summary>
    public async Task<int> EndAllAsync(string principal, string? except, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var open = await db.Tokens.Where(t => t.PrincipalId == principal && t.RevokedAt == null && t.Id != except).ToListAsync(cancellationToken);
        foreach (var token in open)
            token.RevokedAt = now;
        return open.Count;
    }

    private async Task EndOldestAsync(string principal, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var open = await db.Tokens.Where(t => t.PrincipalId == principal && t.RevokedAt == null && t.NotAfter > now).OrderByDescending(t => t.CreatedAt).Skip(Limits.SessionsPerPerson - 1).ToListAsync(cancellationToken);
        foreach (var token in open)
            token.RevokedAt = now;
    }
}
