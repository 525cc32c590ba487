using Merlon.Access.Contracts;
using Merlon.Access.Factors;
using Merlon.Access.Model;
using Merlon.Kernel;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Merlon.Access.SignIn;

/// <summary>How command lines and programs of people sign in. Browsers do so on the console's pages.</summary>
internal static class SignInEndpoints
{
    internal sealed record PasswordBody(string? Name, string? Password, string? Device, string? DeviceMark);
    internal sealed record FactorBody(string? Ticket, string? Code, string? Device, string? DeviceMark);
    internal sealed record DeviceBody(string? Device);
    internal sealed record DeviceTokenBody(string? DeviceCode);

    /// <param name="Token">Null while a second step is due, which <paramref name="Ticket"/> answers.</param>
    internal sealed record SignInAnswer(string? Token, string? Ticket, DateTimeOffset? ExpiresAt, string? Principal, string? DeviceMark)
    {
        public override string ToString() => nameof(SignInAnswer);
    }

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPost("/sign-in", PasswordAsync).AllowAnyone("the password is the credential; failures lock for a growing time").Produces<SignInAnswer>();
        routes.MapPost("/sign-in/factor", FactorAsync).AllowAnyone("the ticket of the first step is the credential, with the code").Produces<SignInAnswer>();
        routes.MapPost("/device", BeginDeviceAsync).AllowAnyone("it begins a sign-in that a person has to confirm in a browser").Produces<DeviceDesk.Begun>();
        routes.MapPost("/device/token", DeviceTokenAsync).AllowAnyone("the device code is the credential, good once and only after a person confirmed it").Produces<SignInAnswer>();
    }

    private static async Task<IResult> PasswordAsync(PasswordBody body, SignInService signIn, HttpContext context, CancellationToken cancellationToken) => Answer(
        await signIn.PasswordAsync(body.Name, body.Password, AccessToken.Bearer, Origin(context, body.Device, body.DeviceMark), cancellationToken));

    private static async Task<IResult> FactorAsync(FactorBody body, SignInService signIn, HttpContext context, CancellationToken cancellationToken) => Answer(
        await signIn.FactorAsync(body.Ticket, body.Code, AccessToken.Bearer, Origin(context, body.Device, body.DeviceMark), cancellationToken));

    private static async Task<IResult> BeginDeviceAsync(DeviceBody body, DeviceDesk desk, HttpContext context, CancellationToken cancellationToken) =>
        (await desk.BeginAsync(context, body.Device, cancellationToken)).ToHttp();

    private static async Task<IResult> DeviceTokenAsync(DeviceTokenBody body, DeviceDesk desk, HttpContext context, CancellationToken cancellationToken) =>
        (await desk.RedeemAsync(body.DeviceCode, context, cancellationToken)).Try(out var session, out var refusal)
            ? TypedResults.Ok(new SignInAnswer(session.Text, null, session.Token.NotAfter, session.Principal.Id, null))
            : refusal.ToProblem();

    private static SignInOrigin Origin(HttpContext context, string? device, string? mark) => SignInOrigin.Of(context, device) with { TrustedDevice = mark };

    private static IResult Answer(Result<SignInStep> result) => result.Try(out var step, out var refusal)
        ? TypedResults.Ok(new SignInAnswer(step.Session?.Text, step.Ticket, step.Session?.Token.NotAfter, step.Session?.Principal.Id, step.DeviceMark))
        : new RefusedResult(refusal);
}
