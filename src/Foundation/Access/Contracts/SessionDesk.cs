using Merlon.Access.Sessions;
using Merlon.Access.Storage;
using Merlon.Kernel;
using Microsoft.EntityFrameworkCore;

namespace Merlon.Access.Contracts;

/// <summary>One's own sessions: seen and ended.</summary>
public sealed class SessionDesk
{
    private const int Logoff = 2;
    private readonly AccessDb _db;
    private readonly SessionIssuer _issuer;
    private readonly ControlEvents _events;
    private readonly TimeProvider _time;

    internal SessionDesk(AccessDb db, SessionIssuer issuer, ControlEvents events, TimeProvider time) => (_db, _issuer, _events, _time) = (db, issuer, events, time);

    public async Task<IReadOnlyList<SessionView>> OfAsync(Caller caller, CancellationToken cancellationToken)
    {
        var now = _time.GetUtcNow();
        var tokens = await _db.Tokens.AsNoTracking().Where(t => t.PrincipalId == caller.Id && t.RevokedAt == null && t.NotAfter > now).ToListAsync(cancellationToken);
        return [.. tokens.Where(t => !t.IsOverAt(now)).OrderByDescending(t => t.LastSeenAt ?? t.CreatedAt).Select(t => new SessionView(
            t.Id, t.Kind, t.Device, t.Network, t.CreatedAt, t.LastSeenAt, t.NotAfter, t.MfaAt, t.Id == caller.Session.TokenId))];
    }

    public async Task<Result<Unit>> EndAsync(Caller caller, string id, CancellationToken cancellationToken)
    {
        if (await _db.Tokens.SingleOrDefaultAsync(t => t.Id == id && t.PrincipalId == caller.Id && t.RevokedAt == null, cancellationToken) is not { } token)
            return new Refusal(RefusalKind.NotFound, "session.unknown", "You have no such session.") { Remedy = "See: merlon session list" };
        token.RevokedAt = _time.GetUtcNow();
        await _db.CommitAsync(_events.By(caller, OcsfClass.Authentication, Logoff, "access.logout", new EventResource("session", id)), cancellationToken);
        return Unit.Value;
    }

    /// <returns>How many ended.</returns>
    public async Task<int> EndOthersAsync(Caller caller, CancellationToken cancellationToken)
    {
        var ended = await _issuer.EndAllAsync(caller.Id, caller.Session.TokenId, cancellationToken);
        await _db.CommitAsync(_events.By(caller, OcsfClass.Authentication, Logoff, "access.logout-others", new EventResource("principal", caller.Id), $"{ended} sessions ended."), cancellationToken);
        return ended;
    }
}
