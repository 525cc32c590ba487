using Merlon.Access.Contracts;
using Merlon.WebConsole.Frame;
using Merlon.Kernel;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Merlon.WebConsole.Account;

/// <summary>One's own password, factors and sessions. What needs a fresh second factor leads to the page that asks for it, and back.</summary>
internal static class AccountPages
{
    private const string StepUp = "access.step-up";

    public static void Map(IEndpointRouteBuilder pages)
    {
        pages.MapGet("/account", ShowAsync).ForSignedIn();
        pages.MapPost("/account/password", PasswordAsync).ForSignedIn();
        pages.MapPost("/account/authenticator", BeginTotpAsync).ForSignedIn();
        pages.MapPost("/account/authenticator/confirm", ConfirmTotpAsync).ForSignedIn();
        pages.MapPost("/account/authenticator/remove", RemoveTotpAsync).ForSignedIn();
        pages.MapPost("/account/passkeys/options", PasskeyOptionsAsync).ForSignedIn();
        pages.MapPost("/account/passkeys", PasskeyAsync).ForSignedIn();
        pages.MapPost("/account/passkeys/remove", RemovePasskeyAsync).ForSignedIn();
        pages.MapPost("/account/recovery-codes", RecoveryCodesAsync).ForSignedIn();
        pages.MapPost("/account/sessions/end", EndSessionAsync).ForSignedIn();
        pages.MapPost("/account/sessions/end-others", EndOthersAsync).ForSignedIn();
        pages.MapGet("/account/verify", ShowVerifyAsync).ForSignedIn();
        pages.MapPost("/account/verify", VerifyAsync).ForSignedIn();
        pages.MapPost("/account/verify/passkey/options", VerifyOptionsAsync).ForSignedIn();
        pages.MapPost("/account/verify/passkey", VerifyPasskeyAsync).ForSignedIn();
    }

    private static Task<IResult> ShowAsync(Caller caller, HttpContext context, PersonalAccount account, SessionDesk sessions, CancellationToken cancellationToken) =>
        AccountPageAsync(caller, context, account, sessions, null, cancellationToken);

    private static async Task<IResult> PasswordAsync(Caller caller, HttpContext context, PersonalAccount account, SessionDesk sessions, CancellationToken cancellationToken)
    {
        var form = await context.Request.ReadFormAsync(cancellationToken);
        return await BackAsync(await account.SetPasswordAsync(caller, form["password"], context, cancellationToken), caller, context, account, sessions, cancellationToken);
    }

    private static async Task<IResult> BeginTotpAsync(Caller caller, HttpContext context, PersonalAccount account, SessionDesk sessions, CancellationToken cancellationToken) =>
        (await account.BeginTotpAsync(caller, cancellationToken)).Try(out var enrolment, out var refusal)
            ? Pages.Page<AuthenticatorPage>(new { Token = FormGuard.TokenFor(context), Name = await NameAsync(caller, account, cancellationToken), Enrolment = enrolment })
            : await RefusedAsync(refusal, caller, context, account, sessions, cancellationToken);

    private static async Task<IResult> ConfirmTotpAsync(Caller caller, HttpContext context, PersonalAccount account, SessionDesk sessions, CancellationToken cancellationToken)
    {
        var form = await context.Request.ReadFormAsync(cancellationToken);
        if ((await account.ConfirmTotpAsync(caller, form["code"], context, cancellationToken)).Try(out var codes, out var refusal))
            return await CodesAsync(codes, caller, context, account, cancellationToken);
        return refusal.Code == "factor.wrong"
            ? Pages.Page<AuthenticatorPage>(new { Token = FormGuard.TokenFor(context), Name = await NameAsync(caller, account, cancellationToken), Refusal = refusal }, refusal)
            : await RefusedAsync(refusal, caller, context, account, sessions, cancellationToken);
    }

    private static async Task<IResult> RemoveTotpAsync(Caller caller, HttpContext context, PersonalAccount account, SessionDesk sessions, CancellationToken cancellationToken) =>
        await BackAsync(await account.RemoveTotpAsync(caller, cancellationToken), caller, context, account, sessions, cancellationToken);

    private static async Task<IResult> PasskeyOptionsAsync(Caller caller, HttpContext context, PersonalAccount account, CancellationToken cancellationToken) =>
        (await account.BeginPasskeyAsync(caller, context, cancellationToken)).ToHttp();

    private static async Task<IResult> PasskeyAsync(Caller caller, HttpContext context, PersonalAccount account, SessionDesk sessions, CancellationToken cancellationToken)
    {
        var form = await context.Request.ReadFormAsync(cancellationToken);
        return (await account.FinishPasskeyAsync(caller, form["ticket"], form["credential"], form["name"], context, cancellationToken)).Try(out var codes, out var refusal)
            ? await CodesAsync(codes, caller, context, account, cancellationToken)
            : await RefusedAsync(refusal, caller, context, account, sessions, cancellationToken);
    }

    private static async Task<IResult> RemovePasskeyAsync(Caller caller, HttpContext context, PersonalAccount account, SessionDesk sessions, CancellationToken cancellationToken)
    {
        var form = await context.Request.ReadFormAsync(cancellationToken);
        return await BackAsync(await account.RemovePasskeyAsync(caller, form["id"].ToString(), cancellationToken), caller, context, account, sessions, cancellationToken);
    }

    private static async Task<IResult> RecoveryCodesAsync(Caller caller, HttpContext context, PersonalAccount account, SessionDesk sessions, CancellationToken cancellationToken) =>
        (await account.RenewRecoveryCodesAsync(caller, cancellationToken)).Try(out var codes, out var refusal)
            ? await CodesAsync(codes, caller, context, account, cancellationToken)
            : await RefusedAsync(refusal, caller, context, account, sessions, cancellationToken);

    private static async Task<IResult> EndSessionAsync(Caller caller, HttpContext context, PersonalAccount account, SessionDesk sessions, CancellationToken cancellationToken)
    {
        var form = await context.Request.ReadFormAsync(cancellationToken);
        return await BackAsync(await sessions.EndAsync(caller, form["id"].ToString(), cancellationToken), caller, context, account, sessions, cancellationToken);
    }

    private static async Task<IResult> EndOthersAsync(Caller caller, SessionDesk sessions, CancellationToken cancellationToken)
    {
        await sessions.EndOthersAsync(caller, cancellationToken);
        return Pages.To("/account");
    }

    private static Task<IResult> ShowVerifyAsync(string? to, Caller caller, HttpContext context, PersonalAccount account, CancellationToken cancellationToken) =>
        VerifyPageAsync(to, caller, context, account, null, cancellationToken);

    private static async Task<IResult> VerifyAsync(Caller caller, HttpContext context, PersonalAccount account, CancellationToken cancellationToken)
    {
        var form = await context.Request.ReadFormAsync(cancellationToken);
        return await VerifiedAsync(await account.VerifyAsync(caller, form["code"], context, cancellationToken), form["to"].ToString(), caller, context, account, cancellationToken);
    }

    private static async Task<IResult> VerifyOptionsAsync(Caller caller, HttpContext context, PersonalAccount account, CancellationToken cancellationToken) =>
        (await account.BeginVerifyAsync(caller, context, cancellationToken)).ToHttp();

    private static async Task<IResult> VerifyPasskeyAsync(Caller caller, HttpContext context, PersonalAccount account, CancellationToken cancellationToken)
    {
        var form = await context.Request.ReadFormAsync(cancellationToken);
        var result = await account.FinishVerifyAsync(caller, form["ticket"], form["credential"], context, cancellationToken);
        return await VerifiedAsync(result, form["to"].ToString(), caller, context, account, cancellationToken);
    }

    private static async Task<IResult> VerifiedAsync(Result<Unit> result, string to, Caller caller, HttpContext context, PersonalAccount account, CancellationToken cancellationToken) =>
        result.Try(out _, out var refusal) ? Pages.To(Pages.Local(to)) : await VerifyPageAsync(to, caller, context, account, refusal, cancellationToken);

    private static async Task<IResult> BackAsync(
        Result<Unit> result, Caller caller, HttpContext context, PersonalAccount account, SessionDesk sessions, CancellationToken cancellationToken) =>
        result.Try(out _, out var refusal) ? Pages.To("/account") : await RefusedAsync(refusal, caller, context, account, sessions, cancellationToken);

    private static async Task<IResult> RefusedAsync(
        Refusal refusal, Caller caller, HttpContext context, PersonalAccount account, SessionDesk sessions, CancellationToken cancellationToken) =>
        refusal.Code == StepUp ? Pages.To("/account/verify?to=/account") : await AccountPageAsync(caller, context, account, sessions, refusal, cancellationToken);

    private static async Task<IResult> AccountPageAsync(
        Caller caller, HttpContext context, PersonalAccount account, SessionDesk sessions, Refusal? refusal, CancellationToken cancellationToken) =>
        (await account.ShowAsync(caller, cancellationToken)).Try(out var view, out var closed)
            ? Pages.Page<AccountPage>(new { Token = FormGuard.TokenFor(context), View = view, Sessions = await sessions.OfAsync(caller, cancellationToken), Refusal = refusal }, refusal)
            : closed.ToProblem();

    private static async Task<IResult> VerifyPageAsync(string? to, Caller caller, HttpContext context, PersonalAccount account, Refusal? refusal, CancellationToken cancellationToken) =>
        (await account.ShowAsync(caller, cancellationToken)).Try(out var view, out var closed)
            ? Pages.Page<VerifyPage>(new { Token = FormGuard.TokenFor(context), To = Pages.Local(to), View = view, Refusal = refusal }, refusal)
            : closed.ToProblem();

    private static async Task<IResult> CodesAsync(RecoveryCodesView codes, Caller caller, HttpContext context, PersonalAccount account, CancellationToken cancellationToken) =>
        codes.RecoveryCodes.Count == 0
            ? Pages.To("/account")
            : Pages.Page<RecoveryCodesPage>(new { Token = FormGuard.TokenFor(context), Name = await NameAsync(caller, account, cancellationToken), Codes = codes.RecoveryCodes });

    private static async Task<string> NameAsync(Caller caller, PersonalAccount account, CancellationToken cancellationToken) =>
        (await account.ShowAsync(caller, cancellationToken)).Try(out var view, out _) ? view.Name : "";
}
