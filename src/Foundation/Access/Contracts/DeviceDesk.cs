using System.Security.Cryptography;
using Merlon.Access.Factors;
using Merlon.Access.Model;
using Merlon.Access.People;
using Merlon.Access.Sessions;
using Merlon.Access.SignIn;
using Merlon.Access.Sso;
using Merlon.Access.Storage;
using Merlon.Kernel;
using Microsoft.AspNetCore.Http;
using Microsoft.EntityFrameworkCore;

namespace Merlon.Access.Contracts;

/// <summary>
/// Signs a command line in through a browser (the device flow of RFC 8628): the command line shows a short code, the person confirms it where they are
/// signed in, and the command line gets a session of its own, as strong as theirs.
/// </summary>
public sealed class DeviceDesk
{
    private const string Prefix = "md";
    // Consonants without look-alikes: no words come out (RFC 8628, section 6.1).
    private const string Alphabet = "BCDFGHJKLMNPQRSTVWXZ";
    private const int Half = 4;
    private static readonly TimeSpan s_life = TimeSpan.FromMinutes(10);
    private readonly AccessDb _db;
    private readonly PeopleSecrets _secrets;
    private readonly SessionIssuer _sessions;
    private readonly ControlEvents _events;
    private readonly TimeProvider _time;

    internal DeviceDesk(AccessDb db, PeopleSecrets secrets, SessionIssuer sessions, ControlEvents events, TimeProvider time) =>
        (_db, _secrets, _sessions, _events, _time) = (db, secrets, sessions, events, time);

    internal sealed record Begun(string DeviceCode, string UserCode, int ExpiresIn, int Interval);

    private static readonly Refusal s_unknown = new(RefusalKind.NotFound, "device.unknown", "No command line waits with this code, or it has waited too long.") { Remedy = "Begin again: merlon login" };
    private static readonly Refusal s_pending = new(RefusalKind.Invalid, "authorization_pending", "Nobody has confirmed the code yet.");
    private static readonly Refusal s_denied = new(RefusalKind.Forbidden, "access_denied", "The sign-in was refused in the browser.");
    private static readonly Refusal s_expired = new(RefusalKind.Invalid, "expired_token", "The code has expired.") { Remedy = "Begin again: merlon login" };

    internal async Task<Result<Begun>> BeginAsync(HttpContext context, string? device, CancellationToken cancellationToken)
    {
        var now = _time.GetUtcNow();
        await _db.DeviceGrants.Where(g => g.NotAfter <= now).ExecuteDeleteAsync(cancellationToken);
        if (await _db.DeviceGrants.CountAsync(cancellationToken) >= Limits.DeviceGrants)
            return PasswordGate.Busy;
        var credential = Credential.Mint(Prefix);
        var code = $"{RandomNumberGenerator.GetString(Alphabet, Half)}-{RandomNumberGenerator.GetString(Alphabet, Half)}";
        _db.DeviceGrants.Add(new DeviceGrant
        {
            Id = credential.Id,
            SecretHash = credential.SecretHash,
            UserCodeHash = await HashAsync(code, cancellationToken),
            Device = SignInOrigin.Of(context, device ?? "command line").Device,
            NotAfter = now + s_life,
        });
        await _db.SaveChangesAsync(cancellationToken);
        return new Begun(credential.Text, code, (int)s_life.TotalSeconds, Interval: 2);
    }

    /// <summary>What waits with this code, for the person to recognise before they confirm.</summary>
    public async Task<Result<string>> DescribeAsync(string? userCode, CancellationToken cancellationToken) =>
        await FindAsync(userCode, cancellationToken) is { } grant ? grant.Device : s_unknown;

    /// <summary>Confirms or refuses. The new session has the age and the strength of the one that confirms.</summary>
    public async Task<Result<string>> DecideAsync(Caller caller, string? userCode, bool allow, CancellationToken cancellationToken)
    {
        if (await FindAsync(userCode, cancellationToken) is not { } grant)
            return s_unknown;
        if (MfaRules.Missing(caller.Session, caller.Snapshot, caller.Id) is { } missing)
            return missing;
        var own = await _db.Tokens.AsNoTracking().SingleAsync(t => t.Id == caller.Session.TokenId, cancellationToken);
        if (allow)
            (grant.PrincipalId, grant.MfaAt, grant.Methods, grant.Provider, grant.ProviderSession) = (caller.Id, own.MfaAt, own.Methods, own.Provider, own.ProviderSession);
        else
            grant.IsDenied = true;
        await _db.CommitAsync(_events.By(caller, OcsfClass.Authentication, ControlEvents.Other, allow ? "device.confirm" : "device.refuse", new EventResource("principal", caller.Id)), cancellationToken);
        return grant.Device;
    }

    /// <summary>Asks whether it was confirmed; gives the session once.</summary>
    internal async Task<Result<IssuedSession>> RedeemAsync(string? deviceCode, HttpContext context, CancellationToken cancellationToken)
    {
        if (!Credential.TryParse(Prefix, deviceCode, out var id, out var hash))
            return s_expired;
        var grant = await _db.DeviceGrants.AsNoTracking().SingleOrDefaultAsync(g => g.Id == id, cancellationToken);
        if (grant is null || !Credential.Matches(grant.SecretHash, hash) || grant.NotAfter <= _time.GetUtcNow())
            return s_expired;
        if (!grant.IsDenied && grant.PrincipalId is null)
            return s_pending;
        if (await _db.DeviceGrants.Where(g => g.Id == id).ExecuteDeleteAsync(cancellationToken) == 0)
            return s_expired;
        if (grant.IsDenied || await _db.Principals.SingleOrDefaultAsync(p => p.Id == grant.PrincipalId && p.DisabledAt == null, cancellationToken) is not { } principal)
            return s_denied;
        var link = grant.Provider is null ? null : new ProviderLink(grant.Provider, grant.ProviderSession);
        var session = await _sessions.IssueAsync(principal, AccessToken.Bearer, SignInOrigin.Of(context, grant.Device), grant.Methods, grant.MfaAt, cancellationToken, link);
        await _db.CommitAsync(
            _events.By(principal.Id, principal.Scope, OcsfClass.Authentication, 1, "signin", new EventResource("principal", principal.Id), "A command line was signed in through a browser.") with
            {
                Attributes = [("methods", grant.Methods), ("mfa", grant.MfaAt is null ? "none" : "proved"), ("session", session.Token.Id), ("kind", session.Token.Kind)],
            },
            cancellationToken);
        return session;
    }

    private async Task<DeviceGrant?> FindAsync(string? userCode, CancellationToken cancellationToken)
    {
        var letters = string.Concat((userCode ?? "").ToUpperInvariant().Where(Alphabet.Contains));
        if (letters.Length != 2 * Half)
            return null;
        var hash = await HashAsync($"{letters[..Half]}-{letters[Half..]}", cancellationToken);
        var now = _time.GetUtcNow();
        return await _db.DeviceGrants.SingleOrDefaultAsync(g => g.UserCodeHash == hash && g.NotAfter > now && g.PrincipalId == null && !g.IsDenied, cancellationToken);
    }

    private Task<Digest> HashAsync(string code, CancellationToken cancellationToken) => _secrets.MarkAsync("device-code", code, cancellationToken);
}
