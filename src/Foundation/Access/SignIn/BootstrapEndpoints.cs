using System.Text;
using Merlon.Access.Contracts;
using Merlon.Access.Factors;
using Merlon.Access.Storage;
using Merlon.Kernel;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.EntityFrameworkCore;

namespace Merlon.Access.SignIn;

/// <summary>Sign-in with the one-time code of the first start, and the session it gives.</summary>
internal static class BootstrapEndpoints
{
    internal sealed record RedeemRequest(string Code, string? Name);
    internal sealed record TokenResponse(string Token, DateTimeOffset ExpiresAt, string Principal, string Role);

    /// <param name="Mfa"><c>proved</c>, <c>required</c> before anything can be done, or <c>none</c>.</param>
    internal sealed record WhoAmI(string Principal, string Name, string Role, IEnumerable<string> Permissions, string Mfa, DateTimeOffset? MfaAt);

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPost("/bootstrap", RedeemAsync).AllowAnyone("the code is the credential, good once").Produces<TokenResponse>();
        routes.MapGet("/whoami", WhoAmIAsync).RequireSignIn().Produces<WhoAmI>();
        routes.MapPost("/logout", LogoutAsync).RequireSignIn().GivesNothing();
    }

    public static Digest HashOf(string code) => Digest.Of(Encoding.UTF8.GetBytes("merlon bootstrap\n" + code.Trim()));

    private static async Task<IResult> RedeemAsync(RedeemRequest request, BootstrapService bootstrap, HttpContext context, CancellationToken cancellationToken) =>
        (await bootstrap.RedeemAsync(request, SignInOrigin.Of(context), cancellationToken)).Try(out var made, out var refusal) ? TypedResults.Ok(made) : new RefusedResult(refusal);

    private static async Task<IResult> WhoAmIAsync(Caller caller, AccessDb db, CancellationToken cancellationToken)
    {
        var principal = await db.Principals.AsNoTracking().SingleAsync(p => p.Id == caller.Id, cancellationToken);
        return TypedResults.Ok(new WhoAmI(caller.Id, principal.Name, caller.Role, Permissions.All.Where(verb => caller.May(verb)).Order(StringComparer.Ordinal),
            caller.Session.MfaAt is not null ? "proved" : MfaRules.Missing(caller.Session, caller.Snapshot, caller.Id) is null ? "none" : "required", caller.Session.MfaAt));
    }

    private static async Task<IResult> LogoutAsync(Caller caller, SessionDesk sessions, CancellationToken cancellationToken) =>
        (await sessions.EndAsync(caller, caller.Session.TokenId, cancellationToken)).ToHttp();
}
