using System.CommandLine;

namespace Merlon.App.Cli.Admission;

/// <summary>Says yes or no to a version for an environment.</summary>
internal static class ApproveCommand
{
    public static Command Make()
    {
        var reference = CommandBase.ReferenceArgument();
        var environment = CommandBase.EnvironmentOption();
        var reason = new Option<string>("--reason") { Description = "Why", Required = true };
        var refuse = new Option<bool>("--refuse") { Description = "Say no instead" };
        var json = CommandBase.JsonOption();
        return new Command("approve", "Approve or refuse a version for an environment").With(reference, environment, reason, refuse, json).Does(async (result, cancellationToken) =>
        {
            var (name, number) = CommandBase.Reference(result.GetValue(reference)!);
            using var api = ApiClient.Open();
            var answer = await api.PostAsync(
                $"models/{name}/versions/{number}/approvals",
                new { environment = result.GetValue(environment), approved = !result.GetValue(refuse), reason = result.GetValue(reason) }, cancellationToken);
            if (!result.PrintedJson(json, answer))
                Output.Line($"{(result.GetValue(refuse) ? "Refused" : "Approved")} {answer.Get("reference")} for {answer.Get("environment")}.");
            return ExitCodes.Done;
        });
    }
}
