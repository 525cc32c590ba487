using System.CommandLine;
using System.Globalization;

namespace Merlon.App.Cli.Access;

/// <summary>The sealed way in, for the day when nobody can sign in.</summary>
internal static class BreakGlassCommand
{
    public static Command Make() => new Command("breakglass", "Seal, open and look at the emergency way in").With(Seal(), Open(), Show());

    private static Command Seal()
    {
        var life = new Option<string>("--life") { Description = "How long it gives an owner's rights once it is opened: 30m, 1h, at most 4h", DefaultValueFactory = _ => "1h" };
        var json = CommandBase.JsonOption();
        return new Command("seal", "Make a new code for the envelope; it is shown once, and the former one ends").With(life, json).Does(async (result, cancellationToken) =>
        {
            using var api = ApiClient.Open();
            var made = await api.PostAsync("breakglass/seal", new { lifeSeconds = KeyCommand.ParseLife(result.GetValue(life)!) }, cancellationToken);
            if (result.PrintedJson(json, made))
                return ExitCodes.Done;
            Output.Line("MERLON BREAK-GLASS CODE. Print this, seal it in an envelope, and lock that away.");
            Output.Line();
            Output.Line($"  server   {api.Server}");
            Output.Line($"  sealed   {Output.Time(made.Get("sealedAt"))}");
            Output.Line($"  code     {made.Get("code")}");
            Output.Line();
            Output.Line(string.Create(CultureInfo.InvariantCulture, $"  Open:    merlon breakglass open --server {api.Server} --ca ca.pem   (the code is asked for)"));
            Output.Line($"  It gives the rights of an owner for {result.GetValue(life)}, once. Everyone who reviews access sees that it was opened.");
            return ExitCodes.Done;
        });
    }

    private static Command Open()
    {
        var server = new Option<string>("--server") { Description = "Address of the control API", DefaultValueFactory = _ => "https://localhost:8443" };
        var ca = new Option<FileInfo?>("--ca") { Description = "CA file of the server; needed on a machine that has not signed in before" };
        return new Command("open", "Use the code of the envelope: an owner's rights for a short time, and an alarm").With(server, ca).Does(async (result, cancellationToken) =>
        {
            var address = result.GetValue(server)!;
            if (!Credentials.IsAddress(address))
                throw CliException.Usage($"'{Kernel.Text.Printable(address, 80)}' is not the address of a server.", "Write --server https://HOST:PORT.");
            var pem = LoginCommand.ReadCa(result.GetValue(ca));
            // Asked for, so that it is in no history and no list of processes.
            var code = Prompt.Secret("Code in the envelope: ");
            using var api = new ApiClient(address, pem, token: null);
            var opened = await api.PostAsync("breakglass/open", new { code, device = $"merlon on {Environment.MachineName}" }, cancellationToken);
            new Credentials(address, pem, opened.Get("token")).Save();
            Output.Line($"You have the rights of an owner until {Output.Time(opened.Get("expiresAt"))}. This was recorded, and the code is used up.");
            Output.Line("When it is over, seal a new one: merlon breakglass seal");
            return ExitCodes.Done;
        });
    }

    private static Command Show()
    {
        var json = CommandBase.JsonOption();
        return new Command("show", "Show whether it is sealed, open or used; exit code 1 unless it is sealed").With(json).Does(async (result, cancellationToken) =>
        {
            using var api = ApiClient.Open();
            var state = await api.GetAsync("breakglass", cancellationToken);
            if (!result.PrintedJson(json, state))
                Output.Table(["STATE", "SEALED", "BY", "OPENED", "UNTIL"],
                    [[state.Get("state"), Output.Time(state.Get("sealedAt")), state.Get("sealedBy"), Output.Time(state.Get("openedAt")), Output.Time(state.Get("openUntil"))]]);
            return state.Get("state") == "sealed" ? ExitCodes.Done : ExitCodes.Refused;
        });
    }
}
