using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;

namespace Merlon.App.Cli.Admission;

/// <summary>Asks the gates and shows their table.</summary>
internal static class AdmitCommand
{
    public static Command Make()
    {
        var reference = CommandBase.ReferenceArgument();
        var environment = CommandBase.EnvironmentOption();
        var json = CommandBase.JsonOption();
        return new Command("admit", "Run the gates on a version and show their verdicts").With(reference, environment, json).Does(async (result, cancellationToken) =>
        {
            var (name, number) = CommandBase.Reference(result.GetValue(reference)!);
            using var api = ApiClient.Open();
            var answer = await api.PostAsync($"models/{name}/versions/{number}/admit", new { environment = result.GetValue(environment) }, cancellationToken);
            if (!result.PrintedJson(json, answer))
                Show(answer);
            return answer.Get("verdict") == "block" ? ExitCodes.Refused : ExitCodes.Done;
        });
    }

    internal static void Show(JsonNode answer)
    {
        Output.MarkupTable(["GATE", "VERDICT", "TIME", "REASON"], answer["gates"].Items().Select(g => new[]
        {
            Output.Escape(g.Get("gate")), Output.Verdict(g.Get("verdict")),
            g["milliseconds"]!.GetValue<double>().ToString("0.0 'ms'", CultureInfo.InvariantCulture), Output.Escape(g.Get("reason")),
        }));
        foreach (var finding in answer["gates"].Items().SelectMany(g => g["findings"].Items()))
        {
            if (finding.Get("remedy").Length > 0)
                Output.Markup($"  [grey]{Output.Escape(finding.Get("rule"))}:[/] {Output.Escape(finding.Get("remedy"))}");
        }
        var blocked = answer.Get("verdict") == "block";
        Output.Markup($"{Output.Escape(answer.Get("reference"))} for {Output.Escape(answer.Get("environment"))}: {(blocked ? "[red]blocked[/]" : "[green]admitted[/]")}"
            + $"   policy {Output.ShortDigest(answer.Get("policy"))}");
    }
}
