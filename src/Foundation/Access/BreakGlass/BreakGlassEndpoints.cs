using Merlon.Access.Contracts;
using Merlon.Access.SignIn;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Merlon.Access.BreakGlass;

/// <summary>The sealed way in: sealed by an owner, opened by whoever has the envelope, seen by everyone who reviews access.</summary>
internal static class BreakGlassEndpoints
{
    internal sealed record SealBody(int? LifeSeconds);
    internal sealed record OpenBody(string? Code, string? Device);

    /// <param name="Code">Shown once.</param>
    internal sealed record SealedView(string Code, DateTimeOffset SealedAt, int LifeSeconds)
    {
        public override string ToString() => nameof(SealedView);
    }

    /// <param name="Token">Good until <paramref name="ExpiresAt"/>, with the rights of an owner.</param>
    internal sealed record OpenedView(string Token, DateTimeOffset ExpiresAt, string Principal)
    {
        public override string ToString() => nameof(OpenedView);
    }

    /// <param name="State"><c>none</c>, <c>sealed</c>, <c>open</c> or <c>used</c>.</param>
    internal sealed record StateView(string State, DateTimeOffset? SealedAt, string? SealedBy, int? LifeSeconds, DateTimeOffset? OpenedAt, DateTimeOffset? OpenUntil);

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/breakglass", ShowAsync).RequirePermission(Permissions.AccessRead).Produces<StateView>();
        routes.MapPost("/breakglass/seal", SealAsync).RequirePermission(Permissions.AccessManage).Produces<SealedView>();
        routes.MapPost("/breakglass/open", OpenAsync).AllowAnyone("the sealed code is the credential, good once; failures lock for a growing time").Produces<OpenedView>();
    }

    private static async Task<IResult> ShowAsync(Caller caller, BreakGlassService service, CancellationToken cancellationToken) =>
        TypedResults.Ok(await service.ShowAsync(caller, cancellationToken));

    private static async Task<IResult> SealAsync(SealBody body, Caller caller, BreakGlassService service, CancellationToken cancellationToken) =>
        (await service.SealAsync(caller, body.LifeSeconds, cancellationToken)).ToHttp();

    private static async Task<IResult> OpenAsync(OpenBody body, BreakGlassService service, HttpContext context, CancellationToken cancellationToken) =>
        (await service.OpenAsync(body.Code, SignInOrigin.Of(context, body.Device), cancellationToken)).Try(out var opened, out var refusal)
            ? TypedResults.Ok(opened)
            : new RefusedResult(refusal);
}
