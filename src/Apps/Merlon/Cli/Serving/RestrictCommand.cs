using System.CommandLine;
using System.Text.Json.Nodes;

namespace Merlon.App.Cli.Serving;

/// <summary>Private endpoints: who may reach them at all, before it is asked who may call them.</summary>
internal static class RestrictCommand
{
    public static Command Make()
    {
        var name = new Argument<string>("NAME") { Description = "Name of the endpoint" };
        var networks = new Option<string[]>("--network") { Description = "Networks it may be called from, as 10.0.0.0/8", AllowMultipleArgumentsPerToken = true };
        var mtls = new Option<bool>("--mtls") { Description = "Only with a workload certificate" };
        var hours = new Option<string?>("--hours") { Description = "Only at these hours (UTC), as 08:00-18:00" };
        var clear = new Option<bool>("--clear") { Description = "Take every restriction away" };
        var json = CommandBase.JsonOption();
        return new Command("restrict", "Bind an endpoint to networks, certificates and hours; what is given replaces what was").With(name, networks, mtls, hours, clear, json)
            .Does(async (result, cancellationToken) =>
            {
                var (given, asked, span) = (result.GetValue(networks) ?? [], result.GetValue(mtls), result.GetValue(hours));
                var isAny = given.Length > 0 || asked || span is not null;
                if (isAny == result.GetValue(clear))
                    throw CliException.Usage("Say what to restrict, or --clear.", "For example: merlon endpoint restrict fraud --network 10.0.0.0/8 --mtls");
                using var api = ApiClient.Open();
                var path = "endpoints/" + Uri.EscapeDataString(result.GetValue(name)!);
                return Print(result, json, await api.UpdateAsync(path, path + "/restrictions", _ => new { networks = given, mtls = asked, hours = span }, cancellationToken));
            });
    }

    public static Command MakeShow()
    {
        var name = new Argument<string>("NAME") { Description = "Name of the endpoint" };
        var json = CommandBase.JsonOption();
        return new Command("show", "Show an endpoint and from where it may be called").With(name, json).Does(async (result, cancellationToken) =>
        {
            using var api = ApiClient.Open();
            return Print(result, json, await api.GetAsync("endpoints/" + Uri.EscapeDataString(result.GetValue(name)!), cancellationToken));
        });
    }

    private static int Print(ParseResult result, Option<bool> json, JsonNode endpoint)
    {
        if (result.PrintedJson(json, endpoint))
            return ExitCodes.Done;
        var networks = string.Join(' ', endpoint["networks"].Items().Select(n => n.ToString()));
        Output.Table(["ENDPOINT", "ENVIRONMENT", "NETWORKS", "CERTIFICATE", "HOURS (UTC)"],
            [[endpoint.Get("name"), endpoint.Get("environment"), networks.Length == 0 ? "any" : networks, endpoint.Get("mtls") == "true" ? "required" : "not required", endpoint.Get("hours") is { Length: > 0 } hours ? hours : "any"]]);
        return ExitCodes.Done;
    }
}
