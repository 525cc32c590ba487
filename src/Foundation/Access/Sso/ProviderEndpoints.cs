using Merlon.Access.Changes;
using Merlon.Access.Contracts;
using Merlon.Access.Issuers;
using Merlon.Access.Model;
using Merlon.Access.Storage;
using Merlon.Kernel;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.EntityFrameworkCore;

namespace Merlon.Access.Sso;

/// <summary>Identity providers of the organisation, and who is linked to them.</summary>
internal static class ProviderEndpoints
{
    private const int MaxLogoutForm = 32_768;

    internal sealed record LinkBody(string? Person, string? Subject);
    internal sealed record UnlinkBody(string? Person);
    internal sealed record View(
        string Name, string Issuer, string ClientId, bool HasSecret, bool HasCa, IReadOnlyList<string> Scopes, string? GroupsClaim, string NameClaim, bool CreatesPeople,
        IReadOnlyList<string> MfaAcr, IReadOnlyList<string> MfaAmr, int People, DateTimeOffset CreatedAt, int Revision);
    internal sealed record Tested(string Issuer, bool SignsIn, bool EndsSessions, int Keys);
    internal sealed record Put(string Name, int Revision);

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/identity-providers", ListAsync).RequirePermission(Permissions.AccessRead).Produces<Page<View>>();
        routes.MapGet("/identity-providers/{name}", ShowAsync).RequirePermission(Permissions.AccessRead).Produces<View>().GivesRevision();
        routes.MapPut("/identity-providers/{name}", PutAsync).RequirePermission(Permissions.AccessManage).Produces<Put>().Produces<Put>(StatusCodes.Status201Created).ChangesRevision(isRequired: false);
        routes.MapDelete("/identity-providers/{name}", RemoveAsync).RequirePermission(Permissions.AccessManage).GivesNothing();
        routes.MapPost("/identity-providers/{name}/test", TestAsync).RequirePermission(Permissions.AccessManage).Produces<Tested>();
        routes.MapPost("/identity-providers/{name}/links", LinkAsync).RequirePermission(Permissions.AccessManage).GivesNothing();
        routes.MapPost("/identity-links/end", UnlinkAsync).RequirePermission(Permissions.AccessManage).GivesNothing();
        routes.MapPost("/identity-providers/{name}/logout", LogoutAsync).AllowAnyone("the provider's signature on the logout token is the credential").GivesNothing();
    }

    private static async Task<IResult> ListAsync(string? after, int? limit, Caller caller, AccessDb db, CancellationToken cancellationToken)
    {
        var rows = await db.Providers.AsNoTracking().Where(p => p.Organisation == caller.Scope.Organisation).OrderBy(p => p.Name).ToListAsync(cancellationToken);
        var people = await CountAsync(db, cancellationToken);
        return Page<View>.Of(rows.Select(r => Of(r, people.GetValueOrDefault(r.Name))), v => v.Name, after, limit).ToHttp();
    }

    private static async Task<IResult> ShowAsync(string name, Caller caller, ProviderService providers, AccessDb db, HttpContext context, CancellationToken cancellationToken)
    {
        if (await providers.FindAsync(caller, name, cancellationToken) is not { } row)
            return ProviderService.Unknown(name).ToProblem();
        ChangeHttp.SetRevision(context, row.Revision);
        return TypedResults.Ok(Of(row, (await CountAsync(db, cancellationToken)).GetValueOrDefault(name)));
    }

    private static async Task<IResult> PutAsync(string name, ProviderForm body, Caller caller, ProviderService providers, HttpContext context, CancellationToken cancellationToken)
    {
        if (!ChangeHttp.RevisionOf(context.Request).Try(out var expected, out var invalid))
            return invalid.ToProblem();
        if (!(await providers.PutAsync(caller, name, body, expected, cancellationToken)).Try(out var revision, out var refusal))
            return refusal.ToProblem(refusal.Code == ChangeRules.Stale.Code ? StatusCodes.Status412PreconditionFailed : null);
        ChangeHttp.SetRevision(context, revision);
        return TypedResults.Json(new Put(name, revision), statusCode: expected is null ? StatusCodes.Status201Created : StatusCodes.Status200OK);
    }

    private static async Task<IResult> RemoveAsync(string name, Caller caller, ProviderService providers, CancellationToken cancellationToken) =>
        (await providers.RemoveAsync(caller, name, cancellationToken)).ToHttp();

    /// <summary>Reads the provider's document anew and says what it can do.</summary>
    private static async Task<IResult> TestAsync(string name, Caller caller, ProviderService providers, IssuerDirectory issuers, CancellationToken cancellationToken)
    {
        if (await providers.FindAsync(caller, name, cancellationToken) is not { } row)
            return ProviderService.Unknown(name).ToProblem();
        return (await issuers.ProbeAsync(SsoFlow.AddressOf(row), cancellationToken)).Try(out var document, out var refusal)
            ? TypedResults.Ok(new Tested(row.Issuer, document is { Authorization: not null, Token: not null }, document.EndSession is not null, document.Keys.Count))
            : refusal.ToProblem();
    }

    private static async Task<IResult> LinkAsync(string name, LinkBody body, Caller caller, ProviderService providers, CancellationToken cancellationToken) =>
        (await providers.LinkAsync(caller, name, body.Person, body.Subject, cancellationToken)).ToHttp();

    private static async Task<IResult> UnlinkAsync(UnlinkBody body, Caller caller, ProviderService providers, CancellationToken cancellationToken) =>
        (await providers.UnlinkAsync(caller, body.Person, cancellationToken)).ToHttp();

    /// <summary>The form of OpenID Connect Back-Channel Logout 1.0, section 2.5; answered as its section 2.8 wants.</summary>
    private static async Task<IResult> LogoutAsync(string name, ProviderLogout logout, HttpContext context, CancellationToken cancellationToken)
    {
        context.Response.Headers.CacheControl = "no-store";
        if (!context.Request.HasFormContentType || context.Request.ContentLength is null or > MaxLogoutForm)
            return new Refusal(RefusalKind.Invalid, "sso.logout", "A logout token comes in a form, as logout_token.").ToProblem();
        var form = await context.Request.ReadFormAsync(cancellationToken);
        return (await logout.EndAsync(name, form["logout_token"], cancellationToken)).Try(out _, out var refusal) ? TypedResults.NoContent() : refusal.ToProblem();
    }

    private static Task<Dictionary<string, int>> CountAsync(AccessDb db, CancellationToken cancellationToken) =>
        db.Identities.GroupBy(i => i.Provider).Select(g => new { g.Key, Count = g.Count() }).ToDictionaryAsync(g => g.Key, g => g.Count, cancellationToken);

    private static View Of(ProviderRow row, int people)
    {
        var s = ProviderSettings.Read(row.Settings);
        return new View(
            row.Name, row.Issuer, row.ClientId, row.ClientSecretSealed is not null, row.CaPem is not null, s.Scopes, s.GroupsClaim, s.NameClaim, s.CreatesPeople, s.MfaAcr, s.MfaAmr,
            people, row.CreatedAt, row.Revision);
    }
}
