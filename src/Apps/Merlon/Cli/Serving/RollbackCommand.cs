using System.CommandLine;

namespace Merlon.App.Cli.Serving;

/// <summary>Returns an endpoint to its former revision.</summary>
internal static class RollbackCommand
{
    public static Command Make()
    {
        var endpoint = new Argument<string>("ENDPOINT") { Description = "Endpoint to roll back" };
        var json = CommandBase.JsonOption();
        return new Command("rollback", "Return an endpoint to its former revision").With(endpoint, json).Does(async (result, cancellationToken) =>
        {
            using var api = ApiClient.Open();
            var answer = await api.PostAsync($"endpoints/{Uri.EscapeDataString(result.GetValue(endpoint)!)}/rollback", null, cancellationToken);
            if (!result.PrintedJson(json, answer))
                DeployCommand.Show(answer);
            return ExitCodes.Done;
        });
    }
}
