using System.Collections.Frozen;
using System.Net;
using Merlon.Access.Contracts;
using Merlon.Access.Model;
using Merlon.Access.Policy;
using Merlon.Access.Sessions;
using Merlon.Access.Storage;
using Merlon.Access.Tenants;
using Merlon.Kernel;
using Microsoft.AspNetCore.Http;
using Microsoft.EntityFrameworkCore;

namespace Merlon.Access.Authorization;

/// <summary>
/// Resolves the caller once per request: from the bearer token, or on a browser's route from the session cookie. Nothing else (loopback, file ownership)
/// grants anything.
/// </summary>
internal sealed class Authorizer(AccessDb db, AccessPolicy policy, SessionKeeper keeper, TimeProvider time)
{
    private static readonly Refusal s_unauthenticated = new(RefusalKind.Unauthenticated, "access.unauthenticated", "This call needs a valid access token.")
    {
        Remedy = "Sign in with 'merlon login'.",
    };

    public Task<Result<Caller>> ResolveAsync(HttpContext context, CancellationToken cancellationToken)
    {
        var header = context.Request.Headers.Authorization.ToString();
        const string scheme = "Bearer ";
        var presented = header.StartsWith(scheme, StringComparison.OrdinalIgnoreCase) ? header[scheme.Length..].Trim() : null;
        return ResolveAsync(context, AccessToken.Bearer, presented, cancellationToken);
    }

    public Task<Result<Caller>> ResolveSessionAsync(HttpContext context, CancellationToken cancellationToken) =>
        ResolveAsync(context, AccessToken.Browser, SessionCookie.Read(context.Request), cancellationToken);

    private async Task<Result<Caller>> ResolveAsync(HttpContext context, string kind, string? presented, CancellationToken cancellationToken)
    {
        if (!Credential.TryParse(SessionIssuer.PrefixOf(kind), presented, out var id, out var hash))
            return s_unauthenticated;
        var now = time.GetUtcNow();
        var found = await (from token in db.Tokens
                           join principal in db.Principals on token.PrincipalId equals principal.Id
                           where token.Id == id
                           select new { Token = token, Principal = principal }).AsNoTracking().SingleOrDefaultAsync(cancellationToken);
        // An unknown id takes the same comparison as a known one.
        var matches = Credential.Matches(found?.Token.SecretHash ?? default, hash);
        if (found is null || found.Token.Kind != kind || found.Token.IsOverAt(now) || found.Principal.DisabledAt is not null)
            return s_unauthenticated;
        if (!matches && !await keeper.IsFormerAsync(found.Token, found.Principal, hash, cancellationToken))
            return s_unauthenticated;
        await keeper.SeenAsync(context, found.Token, isCurrent: matches, cancellationToken);
        var snapshot = policy.Current;
        if (!ProjectChoice.Of(context.Request, found.Principal.Id, found.Principal.Scope, snapshot).Try(out var scope, out var elsewhere))
            return elsewhere;
        // INVARIANT: a token for named verbs is for one project, whatever else its principal may do elsewhere.
        if (found.Token.Verbs is not null && scope.Project != found.Principal.Project)
            return ProjectChoice.Unknown(context.Request);
        return new Caller(found.Principal.Id, scope, snapshot.RolesOf(found.Principal.Id))
        {
            Snapshot = snapshot,
            Context = new AccessContext(now, Source(context.Connection.RemoteIpAddress), MfaAt: found.Token.MfaAt),
            Session = new CallerSession(
                id, found.Principal.Kind == Principal.Person, found.Token.MfaAt,
                found.Token.Verbs?.Split(' ', StringSplitOptions.RemoveEmptyEntries).ToFrozenSet(StringComparer.Ordinal)),
        };
    }

    private static IPAddress? Source(IPAddress? address) => address is { IsIPv4MappedToIPv6: true } ? address.MapToIPv4() : address;
}
