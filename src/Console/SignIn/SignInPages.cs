using Merlon.Access.Contracts;
using Merlon.WebConsole.Frame;
using Merlon.Kernel;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Merlon.WebConsole.SignIn;

/// <summary>Signing in and out in a browser.</summary>
internal static class SignInPages
{
    private const string Because = "it is where people prove who they are";

    public static void Map(IEndpointRouteBuilder pages)
    {
        pages.MapGet("/sign-in", ShowAsync).ForAnyone(Because);
        pages.MapPost("/sign-in", PasswordAsync).ForAnyone(Because);
        pages.MapPost("/sign-in/factor", FactorAsync).ForAnyone(Because);
        pages.MapPost("/sign-in/passkey/options", PasskeyOptionsAsync).ForAnyone(Because);
        pages.MapPost("/sign-in/passkey", PasskeyAsync).ForAnyone(Because);
        pages.MapGet("/enrol", ShowEnrol).ForAnyone("an enrolment code is the credential, good once");
        pages.MapPost("/enrol", EnrolAsync).ForAnyone("an enrolment code is the credential, good once");
        pages.MapPost("/sign-out", SignOutAsync).ForSignedIn();
        pages.MapGet("/", () => Pages.To("/account")).ForAnyone("it only sends on");
    }

    private static Task<IResult> ShowAsync(string? to, HttpContext context, SsoDesk sso, CancellationToken cancellationToken) => SignInPageAsync(context, sso, to, cancellationToken);

    private static async Task<IResult> PasswordAsync(HttpContext context, SignInDesk desk, SsoDesk sso, CancellationToken cancellationToken)
    {
        var form = await context.Request.ReadFormAsync(cancellationToken);
        var (name, to) = (form["name"].ToString().Trim(), form["to"].ToString());
        if (!(await desk.PasswordAsync(name, form["password"], context, cancellationToken)).Try(out var step, out var refusal))
            return await SignInPageAsync(context, sso, to, cancellationToken, refusal, name);
        return step.Ticket is null ? Done(context, to) : FactorPage(context, to, step.Ticket);
    }

    private static async Task<IResult> FactorAsync(HttpContext context, SignInDesk desk, SsoDesk sso, CancellationToken cancellationToken)
    {
        var form = await context.Request.ReadFormAsync(cancellationToken);
        var (ticket, to) = (form["ticket"].ToString(), form["to"].ToString());
        if ((await desk.FactorAsync(ticket, form["code"], context, cancellationToken)).Try(out _, out var refusal))
            return Done(context, to);
        return refusal.Code == "signin.expired" ? await SignInPageAsync(context, sso, to, cancellationToken, refusal) : FactorPage(context, to, ticket, refusal);
    }

    private static async Task<IResult> PasskeyOptionsAsync(HttpContext context, SignInDesk desk, CancellationToken cancellationToken) =>
        (await desk.BeginPasskeyAsync(context, cancellationToken)).ToHttp();

    private static async Task<IResult> PasskeyAsync(HttpContext context, SignInDesk desk, SsoDesk sso, CancellationToken cancellationToken)
    {
        var form = await context.Request.ReadFormAsync(cancellationToken);
        var to = form["to"].ToString();
        return (await desk.PasskeyAsync(form["ticket"], form["credential"], context, cancellationToken)).Try(out _, out var refusal)
            ? Done(context, to)
            : await SignInPageAsync(context, sso, to, cancellationToken, refusal);
    }

    private static IResult ShowEnrol(HttpContext context) => Pages.Page<EnrolPage>(new { Token = FormGuard.TokenFor(context) });

    private static async Task<IResult> EnrolAsync(HttpContext context, SignInDesk desk, CancellationToken cancellationToken)
    {
        var form = await context.Request.ReadFormAsync(cancellationToken);
        return (await desk.InvitationAsync(form["code"], context, cancellationToken)).Try(out _, out var refusal)
            ? Done(context, "/account")
            : Pages.Page<EnrolPage>(new { Token = FormGuard.TokenFor(context), Refusal = refusal }, refusal);
    }

    private static async Task<IResult> SignOutAsync(Caller caller, HttpContext context, SignInDesk desk, SsoDesk sso, CancellationToken cancellationToken)
    {
        var provider = await sso.LogoutAsync(caller, context, cancellationToken);
        await desk.SignOutAsync(caller, context, cancellationToken);
        FormGuard.Renew(context);
        // A link and no redirect: the browser lets a form of ours lead nowhere else.
        return provider is null ? Pages.To("/sign-in") : Pages.Page<SignedOutPage>(new { Provider = provider });
    }

    internal static IResult Done(HttpContext context, string to)
    {
        // What a stranger may have planted in the browser before this sign-in is worth nothing after it.
        FormGuard.Renew(context);
        return Pages.To(Pages.Local(to));
    }

    internal static async Task<IResult> SignInPageAsync(HttpContext context, SsoDesk sso, string? to, CancellationToken cancellationToken, Refusal? refusal = null, string name = "") =>
        Pages.Page<SignInPage>(
            new { Token = FormGuard.TokenFor(context), To = Pages.Local(to), Name = name, Refusal = refusal, Providers = await sso.ProvidersAsync(cancellationToken) }, refusal);

    internal static IResult FactorPage(HttpContext context, string to, string ticket, Refusal? refusal = null) =>
        Pages.Page<FactorPage>(new { Token = FormGuard.TokenFor(context), To = Pages.Local(to), Ticket = ticket, Refusal = refusal }, refusal);
}
