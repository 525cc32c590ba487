using Merlon.Access.Contracts;
using Merlon.Kernel;
using Merlon.WebConsole.Frame;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Merlon.WebConsole.SignIn;

/// <summary>The way to an identity provider and back.</summary>
internal static class ProviderPages
{
    private const string Because = "it is where people prove who they are";

    public static void Map(IEndpointRouteBuilder pages)
    {
        pages.MapGet("/sign-in/sso/{provider}", BeginAsync).ForAnyone(Because);
        pages.MapGet("/sign-in/sso/{provider}/callback", FinishAsync).ForAnyone(Because);
        pages.MapGet("/account/verify/sso", ProveAsync).ForSignedIn();
    }

    private static async Task<IResult> BeginAsync(string provider, string? to, HttpContext context, SsoDesk sso, CancellationToken cancellationToken) =>
        (await sso.BeginAsync(provider, Pages.Local(to), context, cancellationToken)).Try(out var address, out var refusal)
            ? Results.Redirect(address.AbsoluteUri)
            : await SignInPages.SignInPageAsync(context, sso, to, cancellationToken, refusal);

    private static async Task<IResult> ProveAsync(string? to, Caller caller, HttpContext context, SsoDesk sso, CancellationToken cancellationToken) =>
        (await sso.BeginProofAsync(caller, Pages.Local(to), context, cancellationToken)).Try(out var address, out var refusal)
            ? Results.Redirect(address.AbsoluteUri)
            : refusal.ToProblem();

    private static async Task<IResult> FinishAsync(string provider, HttpContext context, SsoDesk sso, CancellationToken cancellationToken)
    {
        if (!(await sso.FinishAsync(provider, context, cancellationToken)).Try(out var back, out var refusal))
            return await SignInPages.SignInPageAsync(context, sso, null, cancellationToken, refusal);
        return back.Ticket is null ? SignInPages.Done(context, back.To) : SignInPages.FactorPage(context, back.To, back.Ticket);
    }
}
