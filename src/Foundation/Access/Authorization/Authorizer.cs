using System.Net;
using Merlon.Access.Contracts;
using Merlon.Access.Policy;
using Merlon.Access.Storage;
using Merlon.Kernel;
using Microsoft.AspNetCore.Http;
using Microsoft.EntityFrameworkCore;

namespace Merlon.Access.Authorization;

/// <summary>Resolves the caller from the bearer token, once per request. Nothing else (loopback, file ownership) grants anything.</summary>
internal sealed class Authorizer(AccessDb db, AccessPolicy policy, TimeProvider time)
{
    private static readonly Refusal s_unauthenticated = new(RefusalKind.Unauthenticated, "access.unauthenticated", "This call needs a valid access token.")
    {
        Remedy = "Sign in with 'merlon login'.",
    };

    public async Task<Result<Caller>> ResolveAsync(HttpContext context, CancellationToken cancellationToken)
    {
        var header = context.Request.Headers.Authorization.ToString();
        const string scheme = "Bearer ";
        var presented = header.StartsWith(scheme, StringComparison.OrdinalIgnoreCase) ? header[scheme.Length..].Trim() : null;
        if (!Credential.TryParse(Credential.TokenPrefix, presented, out var id, out var hash))
            return s_unauthenticated;
        var now = time.GetUtcNow();
        var found = await (from token in db.Tokens
                           join principal in db.Principals on token.PrincipalId equals principal.Id
                           where token.Id == id
                           select new { Token = token, Principal = principal }).AsNoTracking().SingleOrDefaultAsync(cancellationToken);
        // An unknown id takes the same comparison as a known one.
        var matches = Credential.Matches(found?.Token.SecretHash ?? default, hash);
        if (!matches || found is null || found.Token.RevokedAt is not null || found.Token.NotAfter <= now || found.Principal.DisabledAt is not null)
            return s_unauthenticated;
        var snapshot = policy.Current;
        return new Caller(found.Principal.Id, found.Principal.Scope, snapshot.RolesOf(found.Principal.Id))
        {
            Snapshot = snapshot,
            Context = new AccessContext(now, Source(context.Connection.RemoteIpAddress)),
        };
    }

    private static IPAddress? Source(IPAddress? address) => address is { IsIPv4MappedToIPv6: true } ? address.MapToIPv4() : address;
}
