using System.Text;
using Merlon.Access.Contracts;
using Merlon.Access.Factors;
using Merlon.Access.Model;
using Merlon.Access.Policy;
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
    private static readonly TimeSpan s_tokenLife = TimeSpan.FromDays(30);

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

    private static Task<IResult> RedeemAsync(
        RedeemRequest request, AccessDb db, AccessPolicy policy, SubjectKeys subjects, ControlEvents events, IRefusalLog refusals, TimeProvider time,
        HttpContext context, CancellationToken cancellationToken) => policy.ChangeAsync(
            _ => MakeOwnerAsync(request, db, subjects, events, refusals, time, context, cancellationToken), cancellationToken);

    private static async Task<IResult> MakeOwnerAsync(
        RedeemRequest request, AccessDb db, SubjectKeys subjects, ControlEvents events, IRefusalLog refusals, TimeProvider time, HttpContext context,
        CancellationToken cancellationToken)
    {
        var name = request.Name ?? "admin";
        if (Names.Check("name", name) is { } invalid)
            return invalid.ToProblem();
        var hash = HashOf(request.Code ?? "");
        var now = time.GetUtcNow();
        var code = await db.BootstrapCodes.SingleOrDefaultAsync(c => c.CodeHash == hash, cancellationToken);
        if (code is null || code.RedeemedAt is not null || code.NotAfter <= now)
        {
            refusals.Unauthenticated(context.Connection.RemoteIpAddress, "bootstrap.invalid");
            return new Refusal(RefusalKind.Unauthenticated, "bootstrap.invalid", "This bootstrap code is unknown, used or expired.")
            {
                Remedy = "Take the code from the first start's screen, or start Merlon again: while nobody has signed in, each start prints a new one.",
            }.ToProblem();
        }
        if (await db.Principals.AnyAsync(p => p.Organisation == Scope.Default.Organisation && p.Project == Scope.Default.Project && p.Name == name, cancellationToken))
            return new Refusal(RefusalKind.Conflict, "principal.exists", $"There is already a principal '{name}'.") { Remedy = "Choose another: --name NAME" }.ToProblem();
        code.RedeemedAt = now;
        code.Revision++;
        var (principal, token, credential) = await PrincipalFactory.CreateAsync(db, subjects, Scope.Default, name, Permissions.Owner, now, s_tokenLife, cancellationToken);
        try
        {
            await db.CommitAsync(
                events.By(principal.Id, principal.Scope, OcsfClass.AccountChange, ControlEvents.Create, "principal.create",
                    new EventResource("principal", principal.Id), "Owner through the bootstrap code.") with
                {
                    Severity = EventSeverity.Medium,
                    Personal = new PersonalFields(principal.Id, principal.SubjectPublicKey, [new("name", principal.Name)]),
                },
                cancellationToken);
        }
        catch (DbUpdateConcurrencyException)
        {
            return new Refusal(RefusalKind.Unauthenticated, "bootstrap.invalid", "This bootstrap code was just used by someone else.").ToProblem();
        }
        return TypedResults.Ok(new TokenResponse(credential.Text, token.NotAfter, principal.Id, Permissions.Owner));
    }

    private static async Task<IResult> WhoAmIAsync(Caller caller, AccessDb db, CancellationToken cancellationToken)
    {
        var principal = await db.Principals.AsNoTracking().SingleAsync(p => p.Id == caller.Id, cancellationToken);
        return TypedResults.Ok(new WhoAmI(caller.Id, principal.Name, caller.Role, Permissions.All.Where(verb => caller.May(verb)).Order(StringComparer.Ordinal),
            caller.Session.MfaAt is not null ? "proved" : MfaRules.Missing(caller.Session, caller.Snapshot, caller.Id) is null ? "none" : "required", caller.Session.MfaAt));
    }

    private static async Task<IResult> LogoutAsync(Caller caller, SessionDesk sessions, CancellationToken cancellationToken) =>
        (await sessions.EndAsync(caller, caller.Session.TokenId, cancellationToken)).ToHttp();
}
