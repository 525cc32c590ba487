using Merlon.Access.Authorization;
using Merlon.Access.Model;
using Merlon.Access.Sessions;
using Merlon.Access.SignIn;
using Merlon.Access.Sso;
using Merlon.Access.Storage;
using Merlon.Kernel;
using Microsoft.AspNetCore.Http;
using Microsoft.EntityFrameworkCore;

namespace Merlon.Access.Contracts;

/// <summary>What came back from an identity provider: where to go on, and the ticket of a second step where one is due.</summary>
public sealed record ProviderReturn(string To, string? Ticket);

/// <summary>Where browsers go to an identity provider and come back from it.</summary>
public sealed class SsoDesk
{
    private readonly AccessDb _db;
    private readonly SsoFlow _flow;
    private readonly SignInService _signIn;
    private readonly Authorizer _authorizer;
    private readonly AccountKeeper _keeper;

    internal SsoDesk(AccessDb db, SsoFlow flow, SignInService signIn, Authorizer authorizer, AccountKeeper keeper) =>
        (_db, _flow, _signIn, _authorizer, _keeper) = (db, flow, signIn, authorizer, keeper);

    /// <summary>Names of the providers of the organisation whose people sign in on the common page. Others are given their provider's address.</summary>
    public async Task<IReadOnlyList<string>> ProvidersAsync(CancellationToken cancellationToken) => await _db.Providers.AsNoTracking()
        .Where(p => p.Organisation == Scope.Default.Organisation).Select(p => p.Name).Order().ToListAsync(cancellationToken);

    /// <summary>Begins a sign-in: where to send the browser.</summary>
    public Task<Result<Uri>> BeginAsync(string provider, string to, HttpContext context, CancellationToken cancellationToken) => BeginAsync(provider, to, null, context, cancellationToken);

    /// <summary>Begins a fresh proof for the caller's session.</summary>
    public async Task<Result<Uri>> BeginProofAsync(Caller caller, string to, HttpContext context, CancellationToken cancellationToken) =>
        await Provers.OfAsync(_db, caller.Session.TokenId, cancellationToken) is { } provider
            ? await BeginAsync(provider, to, caller.Session.TokenId, context, cancellationToken)
            : new Refusal(RefusalKind.Conflict, "sso.no-proof", "No identity provider proves a second factor for you.");

    /// <summary>The browser is back.</summary>
    public async Task<Result<ProviderReturn>> FinishAsync(string provider, HttpContext context, CancellationToken cancellationToken)
    {
        var cookie = SessionCookie.ReadProvider(context.Request);
        // Once: whatever comes of it, the same answer is not taken again.
        SessionCookie.WriteProvider(context.Response, null);
        if (!(await _flow.FinishAsync(context.Request.Query, provider, cookie, cancellationToken)).Try(out var proof, out var refusal))
            return refusal;
        return proof.Begun.Session is null ? await SignInAsync(proof, context, cancellationToken) : await StrengthenAsync(proof, context, cancellationToken);
    }

    /// <summary>Where the provider of a session ends its own; null where there is none.</summary>
    public async Task<Uri?> LogoutAsync(Caller caller, HttpContext context, CancellationToken cancellationToken)
    {
        var name = await _db.Tokens.AsNoTracking().Where(t => t.Id == caller.Session.TokenId).Select(t => t.Provider).SingleOrDefaultAsync(cancellationToken);
        return name is null ? null : await _flow.LogoutAsync(name, $"https://{context.Request.Host}/sign-in", cancellationToken);
    }

    private async Task<Result<Uri>> BeginAsync(string provider, string to, string? session, HttpContext context, CancellationToken cancellationToken)
    {
        if (!(await _flow.BeginAsync(context.Request, provider, to, session, cancellationToken)).Try(out var begun, out var refusal))
            return refusal;
        SessionCookie.WriteProvider(context.Response, begun.Cookie);
        return begun.Address;
    }

    private async Task<Result<ProviderReturn>> SignInAsync(SsoProof proof, HttpContext context, CancellationToken cancellationToken) =>
        SignInDesk.Finish(await _signIn.ProviderAsync(proof.Principal, proof.Link, proof.MfaAt, AccessToken.Browser, SignInDesk.OriginOf(context), cancellationToken), context).Try(out var step, out var refusal)
            ? new ProviderReturn(proof.Begun.To, step.Ticket)
            : refusal;

    private async Task<Result<ProviderReturn>> StrengthenAsync(SsoProof proof, HttpContext context, CancellationToken cancellationToken)
    {
        if (!(await _authorizer.ResolveSessionAsync(context, cancellationToken)).Try(out var caller, out var refusal))
            return refusal;
        // The session that asked, of the person who answered.
        if (caller.Session.TokenId != proof.Begun.Session || caller.Id != proof.Principal.Id)
            return new Refusal(RefusalKind.Forbidden, "sso.other-person", "Somebody else came back from the identity provider.");
        return (await _keeper.VerifiedAsync(caller, "mfa", context, cancellationToken, proof.MfaAt)).Try(out _, out var stale) ? new ProviderReturn(proof.Begun.To, null) : stale;
    }
}
