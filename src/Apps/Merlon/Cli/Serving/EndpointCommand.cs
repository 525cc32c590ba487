using System.CommandLine;
using System.Text.Json.Nodes;

namespace Merlon.App.Cli.Serving;

/// <summary>Endpoints and how they stand; and the way back.</summary>
internal static class EndpointCommand
{
    public static Command Make() => new Command("endpoint", "Show and restrict endpoints").With(List(), RestrictCommand.MakeShow(), RestrictCommand.Make());

    private static Command List()
    {
        var json = CommandBase.JsonOption();
        return new Command("list", "List endpoints, their revision and their worker").With(json).Does(async (result, cancellationToken) =>
        {
            using var api = ApiClient.Open();
            var endpoints = await api.ListAsync("endpoints", cancellationToken);
            if (result.PrintedJson(json, endpoints))
                return ExitCodes.Done;
            if (!endpoints.Items().Any())
                Output.Line("No endpoints yet. Deploy a model: merlon deploy NAME@N --endpoint ENDPOINT --env ENVIRONMENT");
            else
                Output.Table(["ENDPOINT", "ENVIRONMENT", "REVISION", "MODEL", "WORKER", "ISOLATION", "RESTARTS"], endpoints.Items().Select(Row));
            return ExitCodes.Done;
        });
    }

    private static string[] Row(JsonNode endpoint)
    {
        var current = endpoint["revisions"].Items().FirstOrDefault(r => r.Get("id") == endpoint.Get("currentRevision"));
        var worker = endpoint["worker"];
        return
        [
            endpoint.Get("name"), endpoint.Get("environment"), current is null ? "-" : $"#{current.Get("number")}", current?.Get("reference") ?? "-",
            worker is null ? "-" : worker.Get("state").ToLowerInvariant(), worker?.Get("isolation") ?? "-", worker?.Get("restarts") ?? "-",
        ];
    }
}
