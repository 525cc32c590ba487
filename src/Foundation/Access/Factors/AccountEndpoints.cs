using Merlon.Access.Contracts;
using Merlon.Access.Sessions;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Merlon.Access.Factors;

/// <summary>One's own account over the API: password, second factors, sessions. Passkeys are made and proved in a browser, on the console's pages.</summary>
internal static class AccountEndpoints
{
    internal sealed record CodeBody(string? Code);
    internal sealed record PasswordBody(string? Password);
    internal sealed record EndedView(int Ended);

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/me", ShowAsync).RequireSignIn().Produces<AccountView>();
        routes.MapPut("/me/password", PasswordAsync).RequireSignIn().GivesNothing();
        routes.MapPost("/me/totp", BeginTotpAsync).RequireSignIn().Produces<TotpEnrolment>();
        routes.MapPost("/me/totp/confirm", ConfirmTotpAsync).RequireSignIn().Produces<RecoveryCodesView>();
        routes.MapDelete("/me/totp", RemoveTotpAsync).RequireSignIn().GivesNothing();
        routes.MapDelete("/me/passkeys/{id}", RemovePasskeyAsync).RequireSignIn().GivesNothing();
        routes.MapPost("/me/recovery-codes", RecoveryCodesAsync).RequireSignIn().Produces<RecoveryCodesView>();
        routes.MapPost("/me/verify", VerifyAsync).RequireSignIn().GivesNothing();
        routes.MapGet("/me/sessions", SessionsAsync).RequireSignIn().Produces<Page<SessionView>>();
        routes.MapDelete("/me/sessions/{id}", EndSessionAsync).RequireSignIn().GivesNothing();
        routes.MapDelete("/me/sessions", EndOthersAsync).RequireSignIn().Produces<EndedView>();
    }

    private static async Task<IResult> ShowAsync(Caller caller, PersonalAccount account, CancellationToken cancellationToken) =>
        (await account.ShowAsync(caller, cancellationToken)).ToHttp();

    private static async Task<IResult> PasswordAsync(PasswordBody body, Caller caller, PersonalAccount account, HttpContext context, CancellationToken cancellationToken) =>
        (await account.SetPasswordAsync(caller, body.Password, context, cancellationToken)).ToHttp();

    private static async Task<IResult> BeginTotpAsync(Caller caller, PersonalAccount account, CancellationToken cancellationToken) =>
        (await account.BeginTotpAsync(caller, cancellationToken)).ToHttp();

    private static async Task<IResult> ConfirmTotpAsync(CodeBody body, Caller caller, PersonalAccount account, HttpContext context, CancellationToken cancellationToken) =>
        (await account.ConfirmTotpAsync(caller, body.Code, context, cancellationToken)).ToHttp();

    private static async Task<IResult> RemoveTotpAsync(Caller caller, PersonalAccount account, CancellationToken cancellationToken) =>
        (await account.RemoveTotpAsync(caller, cancellationToken)).ToHttp();

    private static async Task<IResult> RemovePasskeyAsync(string id, Caller caller, PersonalAccount account, CancellationToken cancellationToken) =>
        (await account.RemovePasskeyAsync(caller, id, cancellationToken)).ToHttp();

    private static async Task<IResult> RecoveryCodesAsync(Caller caller, PersonalAccount account, CancellationToken cancellationToken) =>
        (await account.RenewRecoveryCodesAsync(caller, cancellationToken)).ToHttp();

    private static async Task<IResult> VerifyAsync(CodeBody body, Caller caller, PersonalAccount account, HttpContext context, CancellationToken cancellationToken) =>
        (await account.VerifyAsync(caller, body.Code, context, cancellationToken)).ToHttp();

    private static async Task<IResult> SessionsAsync(string? after, int? limit, Caller caller, SessionDesk sessions, CancellationToken cancellationToken) =>
        Page<SessionView>.Of(await sessions.OfAsync(caller, cancellationToken), s => s.Id, after, limit).ToHttp();

    private static async Task<IResult> EndSessionAsync(string id, Caller caller, SessionDesk sessions, CancellationToken cancellationToken) =>
        (await sessions.EndAsync(caller, id, cancellationToken)).ToHttp();

    private static async Task<IResult> EndOthersAsync(Caller caller, SessionDesk sessions, CancellationToken cancellationToken) =>
        TypedResults.Ok(new EndedView(await sessions.EndOthersAsync(caller, cancellationToken)));
}
