using Merlon.Access.Contracts;
using Merlon.WebConsole.Frame;
using Merlon.Kernel;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Merlon.WebConsole.Device;

/// <summary>Confirms a command line that waits to be signed in.</summary>
internal static class DevicePages
{
    public static void Map(IEndpointRouteBuilder pages)
    {
        pages.MapGet("/device", ShowAsync).ForSignedIn();
        pages.MapPost("/device", DecideAsync).ForSignedIn();
    }

    private static async Task<IResult> ShowAsync(string? code, Caller caller, HttpContext context, DeviceDesk desk, PersonalAccount account, CancellationToken cancellationToken)
    {
        if (string.IsNullOrEmpty(code))
            return await PageAsync("", null, null, null, caller, context, account, cancellationToken);
        var shown = Text.Printable(code, 12).ToUpperInvariant();
        return (await desk.DescribeAsync(code, cancellationToken)).Try(out var waiting, out var refusal)
            ? await PageAsync(shown, waiting, null, null, caller, context, account, cancellationToken)
            : await PageAsync(shown, null, null, refusal, caller, context, account, cancellationToken);
    }

    private static async Task<IResult> DecideAsync(Caller caller, HttpContext context, DeviceDesk desk, PersonalAccount account, CancellationToken cancellationToken)
    {
        var form = await context.Request.ReadFormAsync(cancellationToken);
        var allow = form["answer"] == "allow";
        return (await desk.DecideAsync(caller, form["code"], allow, cancellationToken)).Try(out _, out var refusal)
            ? await PageAsync("", null, allow ? "The command line is signed in. You can close this page." : "It was refused. Nothing was signed in.", null, caller, context, account, cancellationToken)
            : await PageAsync("", null, null, refusal, caller, context, account, cancellationToken);
    }

    private static async Task<IResult> PageAsync(
        string code, string? waiting, string? done, Refusal? refusal, Caller caller, HttpContext context, PersonalAccount account, CancellationToken cancellationToken) =>
        (await account.ShowAsync(caller, cancellationToken)).Try(out var view, out var closed)
            ? Pages.Page<DevicePage>(new { Token = FormGuard.TokenFor(context), view.Name, Code = code, Waiting = waiting, Done = done, Refusal = refusal }, refusal)
            : closed.ToProblem();
}
