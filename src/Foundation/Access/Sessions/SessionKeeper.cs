using Merlon.Access.Contracts;
using Merlon.Access.Model;
using Merlon.Access.Storage;
using Merlon.Kernel;
using Microsoft.AspNetCore.Http;
using Microsoft.EntityFrameworkCore;

namespace Merlon.Access.Sessions;

/// <summary>
/// Keeps sessions alive while they are used, gives a browser's session a new secret every quarter of an hour, and ends a session whose former secret is
/// shown later: then two hold it, and one of them is a thief.
/// </summary>
internal sealed class SessionKeeper(AccessDb db, ControlEvents events, TimeProvider time)
{
    private const int Logoff = 2;
    private static readonly TimeSpan s_seen = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan s_rotation = TimeSpan.FromMinutes(15);

    /// <summary>Requests that were under way when the secret changed.</summary>
    private static readonly TimeSpan s_grace = TimeSpan.FromMinutes(1);

    /// <summary>Is it the secret before the last rotation, and still within the grace? Later than that it ends the session.</summary>
    public async Task<bool> IsFormerAsync(AccessToken token, Principal principal, Digest presented, CancellationToken cancellationToken)
    {
        if (token.PreviousHash is not { } former || !Credential.Matches(former, presented))
            return false;
        var now = time.GetUtcNow();
        if (now - token.RotatedAt <= s_grace)
            return true;
        var stored = await db.Tokens.SingleAsync(t => t.Id == token.Id, cancellationToken);
        stored.RevokedAt ??= now;
        await db.CommitAsync(
            events.By(principal.Id, principal.Scope, OcsfClass.Authentication, Logoff, "session.replay", new EventResource("session", token.Id),
                "A former secret of this session was shown; the session has ended.") with
            {
                Severity = EventSeverity.High,
                Status = EventStatus.Failure,
            },
            cancellationToken);
        return false;
    }

    public async Task SeenAsync(HttpContext context, AccessToken token, bool isCurrent, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        if (token.Kind == AccessToken.Browser && isCurrent && now - token.RotatedAt >= s_rotation)
        {
            await RotateAsync(context, token, now, cancellationToken);
            return;
        }
        if (token.IdleSeconds is not null && (token.LastSeenAt is not { } seen || now - seen >= s_seen))
            await db.Tokens.Where(t => t.Id == token.Id).ExecuteUpdateAsync(t => t.SetProperty(e => e.LastSeenAt, now), cancellationToken);
    }

    private async Task RotateAsync(HttpContext context, AccessToken token, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var (text, hash) = Credential.Renew(Credential.SessionPrefix, token.Id);
        var (former, rotated) = (token.SecretHash, token.RotatedAt);
        // Of two requests at once one rotates; the other goes on with what it came with.
        var changed = await db.Tokens.Where(t => t.Id == token.Id && t.RotatedAt == rotated).ExecuteUpdateAsync(
            t => t.SetProperty(e => e.SecretHash, hash).SetProperty(e => e.PreviousHash, former).SetProperty(e => e.RotatedAt, now).SetProperty(e => e.LastSeenAt, now), cancellationToken);
        if (changed == 1)
            SessionCookie.Write(context.Response, text);
    }
}
