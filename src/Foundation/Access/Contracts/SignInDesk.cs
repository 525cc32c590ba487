using Merlon.Access.Factors;
using Merlon.Access.Model;
using Merlon.Access.Sessions;
using Merlon.Access.SignIn;
using Merlon.Access.Storage;
using Merlon.Kernel;
using Microsoft.AspNetCore.Http;
using Microsoft.EntityFrameworkCore;

namespace Merlon.Access.Contracts;

/// <summary>Where browsers sign in and out. A whole sign-in always begins a new session: what a browser brought along is never made stronger.</summary>
public sealed class SignInDesk
{
    private readonly SignInService _signIn;
    private readonly PasskeyService _passkeys;
    private readonly AccessDb _db;
    private readonly SessionDesk _sessions;

    internal SignInDesk(SignInService signIn, PasskeyService passkeys, AccessDb db, SessionDesk sessions) =>
        (_signIn, _passkeys, _db, _sessions) = (signIn, passkeys, db, sessions);

    /// <summary>Whether the browser brings a session's cookie; says nothing about whether it is good.</summary>
    public static bool HasCookie(HttpRequest request) => SessionCookie.Read(request) is not null;

    public async Task<Result<SignInProgress>> PasswordAsync(string? name, string? password, HttpContext context, CancellationToken cancellationToken) =>
        Finish(await _signIn.PasswordAsync(name, password, AccessToken.Browser, OriginOf(context), cancellationToken), context);

    public async Task<Result<SignInProgress>> FactorAsync(string? ticket, string? code, HttpContext context, CancellationToken cancellationToken) =>
        Finish(await _signIn.FactorAsync(ticket, code, AccessToken.Browser, OriginOf(context), cancellationToken), context);

    public async Task<Result<PasskeyCeremony>> BeginPasskeyAsync(HttpContext context, CancellationToken cancellationToken) =>
        (await _passkeys.BeginProofAsync(null, context, cancellationToken)).Try(out var options, out var full) ? new PasskeyCeremony(options.Options, options.Ticket) : full;

    public async Task<Result<SignInProgress>> PasskeyAsync(string? ticket, string? credential, HttpContext context, CancellationToken cancellationToken) =>
        Finish(await _signIn.PasskeyAsync(_passkeys, ticket, credential, AccessToken.Browser, OriginOf(context), context, cancellationToken), context);

    /// <summary>Exchanges an enrolment code, as an administrator or the first start gave it, for a session.</summary>
    public async Task<Result<SignInProgress>> InvitationAsync(string? code, HttpContext context, CancellationToken cancellationToken)
    {
        var origin = SignInOrigin.Of(context);
        if (await _signIn.LockedAsync(origin, cancellationToken) is { } locked)
            return locked;
        if (!Credential.TryParse(Credential.TokenPrefix, code?.Trim(), out var id, out var hash))
            return await _signIn.CodeFailedAsync(origin, cancellationToken);
        var token = await _db.Tokens.SingleOrDefaultAsync(t => t.Id == id && t.Kind == AccessToken.Bearer, cancellationToken);
        var matches = Credential.Matches(token?.SecretHash ?? default, hash);
        var principal = token is null ? null : await _db.Principals.SingleOrDefaultAsync(p => p.Id == token.PrincipalId && p.Kind == Principal.Person && p.DisabledAt == null, cancellationToken);
        // A token that has proved a factor, or that lives on in a command line, is not for this.
        if (!matches || token is null || principal is null || token.MfaAt is not null || token.IsOverAt(_signIn.Now) || await _signIn.IsOfProviderAsync(principal, cancellationToken))
            return await _signIn.CodeFailedAsync(origin, cancellationToken);
        token.RevokedAt = _signIn.Now;
        return Finish(await _signIn.CompleteAsync(principal, principal.Name, AccessToken.Browser, OriginOf(context), "invitation", null, cancellationToken), context);
    }

    public async Task SignOutAsync(Caller caller, HttpContext context, CancellationToken cancellationToken)
    {
        await _sessions.EndAsync(caller, caller.Session.TokenId, cancellationToken);
        SessionCookie.Clear(context.Response);
        // What the pages have shown is not left in the browser's caches.
        context.Response.Headers["Clear-Site-Data"] = "\"cache\"";
    }

    internal static SignInOrigin OriginOf(HttpContext context) => SignInOrigin.Of(context) with { TrustedDevice = SessionCookie.ReadDevice(context.Request) };

    internal static Result<SignInProgress> Finish(Result<SignInStep> result, HttpContext context)
    {
        if (!result.Try(out var step, out var refusal))
            return refusal;
        if (step.Session is { } session)
            SessionCookie.Write(context.Response, session.Text);
        if (step.DeviceMark is { } mark)
            SessionCookie.WriteDevice(context.Response, mark);
        return new SignInProgress(step.Ticket);
    }
}
