using Merlon.Access.Contracts;
using Merlon.Access.Issuers;
using Merlon.Access.Model;
using Merlon.Access.Policy;
using Merlon.Access.SignIn;
using Merlon.Access.Storage;
using Merlon.Kernel;
using Microsoft.EntityFrameworkCore;

namespace Merlon.Access.Federation;

/// <summary>A token as a machine gets it.</summary>
internal sealed record MachineToken(string Text, TimeSpan Life, IReadOnlyList<string> Verbs)
{
    public override string ToString() => nameof(MachineToken);
}

/// <summary>Gives machines short-lived tokens that are good for named verbs only.</summary>
internal sealed class TokenService(AccessDb db, AccessPolicy policy, IssuedTokens issued, OneTimeTokens once, SignInBook book, ControlEvents events)
{
    private const int Logon = 1;
    private static readonly TimeSpan s_clientLife = TimeSpan.FromMinutes(15);

    /// <summary>
    /// Client credentials (RFC 6749, section 4.4): the client is a service, by its principal id; its secret is its long-lived token. Which of both is not
    /// right is not told. A short-lived token does not make others.
    /// </summary>
    public async Task<(MachineToken? Token, OAuthError? Error)> ByCredentialsAsync(string client, string secret, string? scope, SignInOrigin origin, CancellationToken cancellationToken)
    {
        if (!Credential.TryParse(Credential.TokenPrefix, secret, out var id, out var hash))
            return (null, OAuthError.Client);
        var token = await db.Tokens.AsNoTracking().SingleOrDefaultAsync(t => t.Id == id && t.PrincipalId == client && t.Kind == AccessToken.Bearer && t.Verbs == null, cancellationToken);
        var matches = Credential.Matches(token?.SecretHash ?? default, hash);
        var service = await db.Principals.SingleOrDefaultAsync(p => p.Id == client && p.Kind == Principal.Service && p.DisabledAt == null, cancellationToken);
        if (!matches || token is null || service is null || token.IsOverAt(book.Now))
            return (null, OAuthError.Client);
        var held = VerbsOf(service);
        var asked = Words(scope);
        if (asked.Except(held, StringComparer.Ordinal).Any() || held.Count == 0)
            return (null, OAuthError.Scope);
        // Never longer than the secret itself.
        var life = token.NotAfter - book.Now < s_clientLife ? token.NotAfter - book.Now : s_clientLife;
        return (await IssueAsync(service, life, asked.Count == 0 ? held : asked, "client_secret", source: null, origin, cancellationToken), null);
    }

    /// <summary>
    /// A token of an outside issuer (RFC 7523, RFC 8693). 1. The federation is known, its service enabled. 2. The issuer's token is right. 3. It has the claims that are
    /// wanted. 4. It was not used before. 5. The verbs are those of the federation that the service still has.
    /// </summary>
    public async Task<(MachineToken? Token, OAuthError? Error)> ByAssertionAsync(string client, string assertion, string? scope, SignInOrigin origin, CancellationToken cancellationToken)
    {
        // 1
        var federation = await db.Federations.AsNoTracking().SingleOrDefaultAsync(f => f.Id == client, cancellationToken);
        var service = federation is null ? null : await db.Principals.SingleOrDefaultAsync(p => p.Id == federation.ServiceId && p.DisabledAt == null, cancellationToken);
        if (federation is null || service is null)
            return (null, OAuthError.Client);
        // 2
        if (!(await issued.VerifyAsync(new IssuerAddress(federation.Issuer, federation.CaPem), assertion, federation.Audience, null, cancellationToken)).Try(out var claims, out var refusal))
        {
            // Anybody can send what no issuer signed: it is counted for the network, and told of in sum.
            if (refusal.Kind == RefusalKind.Unavailable)
                return (null, new OAuthError("temporarily_unavailable", refusal.Detail));
            await book.FailedAsync(origin, account: null, principal: null, refusal.Code, cancellationToken);
            return (null, OAuthError.Grant(refusal.Detail));
        }
        // 3
        if (!FederationForm.Matches(federation.Claims, claims))
            return await RefusedAsync(service, OAuthError.Grant("The issuer's token does not have the claims that this federation wants."), origin, cancellationToken);
        // 4
        if (TokenClaims.Time(claims, "exp") is not { } end)
            return (null, OAuthError.Grant("The issuer's token has no end."));
        var name = TokenClaims.Text(claims, "jti", 512) ?? Digest.Of(System.Text.Encoding.ASCII.GetBytes(assertion)).ToString();
        if (!await once.TakeAsync(federation.Issuer, federation.Id + "\n" + name, end, cancellationToken))
            return await RefusedAsync(service, OAuthError.Grant("The issuer's token was used before."), origin, cancellationToken);
        // 5
        var held = VerbsOf(service).Intersect(federation.Verbs.Split(' '), StringComparer.Ordinal).ToList();
        var asked = Words(scope);
        if (asked.Except(held, StringComparer.Ordinal).Any() || held.Count == 0)
            return (null, OAuthError.Scope);
        return (await IssueAsync(service, TimeSpan.FromSeconds(federation.LifeSeconds), asked.Count == 0 ? held : asked, "federated", federation, origin, cancellationToken, TokenClaims.Text(claims, "sub", 512)), null);
    }

    private async Task<MachineToken> IssueAsync(
        Principal service, TimeSpan life, IReadOnlyList<string> verbs, string method, FederationRow? source, SignInOrigin origin, CancellationToken cancellationToken, string? subject = null)
    {
        var credential = Credential.Mint(Credential.TokenPrefix);
        db.Tokens.Add(new AccessToken
        {
            Id = credential.Id, PrincipalId = service.Id, SecretHash = credential.SecretHash, CreatedAt = book.Now, NotAfter = book.Now + life, Kind = AccessToken.Bearer,
            Methods = method, Verbs = string.Join(' ', verbs), Device = origin.Device, Network = origin.Network, Provider = source?.Id,
        });
        // Those that have ended long ago tell nothing that the ledger does not.
        var old = book.Now - TimeSpan.FromDays(1);
        await db.Tokens.Where(t => t.PrincipalId == service.Id && t.Verbs != null && t.NotAfter < old).ExecuteDeleteAsync(cancellationToken);
        await db.CommitAsync(Of(service, source, "signin", $"A token for {life.TotalMinutes:0} minutes.") with
        {
            Attributes = [("methods", method), ("session", credential.Id), ("verbs", string.Join(' ', verbs)), ("federation", source?.Name ?? ""), ("subject", Text.Printable(subject ?? "", 200))],
        }, cancellationToken);
        return new MachineToken(credential.Text, life, verbs);
    }

    private async Task<(MachineToken? Token, OAuthError? Error)> RefusedAsync(Principal service, OAuthError error, SignInOrigin origin, CancellationToken cancellationToken)
    {
        await book.FailedAsync(origin, account: null, service, error.Error, cancellationToken);
        return (null, error);
    }

    private SecurityEvent Of(Principal service, FederationRow? source, string operation, string message) =>
        events.By(service.Id, service.Scope, OcsfClass.Authentication, Logon, operation, new EventResource(source is null ? "principal" : "federation", source?.Name ?? service.Id), message);

    /// <summary>What the service may do anywhere, without giving rights; each call is judged anew.</summary>
    private IReadOnlyList<string> VerbsOf(Principal service)
    {
        var snapshot = policy.Current;
        return snapshot.State.Members.TryGetValue(service.Id, out var member)
            ? [.. snapshot.BindingsOf(member).Where(b => b.Binding.Effect == BindingEffect.Allow).SelectMany(b => snapshot.State.VerbsOf(member.Organisation, b.Binding.Role))
                .Where(verb => !Permissions.Gives(verb)).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)]
            : [];
    }

    private static List<string> Words(string? text) => [.. (text ?? "").Split(' ', StringSplitOptions.RemoveEmptyEntries).Distinct(StringComparer.Ordinal)];
}
