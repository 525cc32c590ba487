using System.CommandLine;
using System.Text.Json.Nodes;

namespace Merlon.App.Cli.Access;

/// <summary>Says what became of a change of access. One that waits for a second person is not done, and the exit code says so.</summary>
internal static class ChangeOutput
{
    public static int Print(this ParseResult result, Option<bool> json, JsonNode outcome)
    {
        var isPending = outcome.Get("status") == "pending";
        if (!result.PrintedJson(json, outcome))
        {
            Output.Line($"{outcome.Get("subject")}: {outcome.Get("status")}.");
            if (isPending)
                Console.Error.WriteLine($"It touches your own rights, so someone else decides: merlon access approve {outcome.Get("change")}");
        }
        return isPending ? ExitCodes.Refused : ExitCodes.Done;
    }
}
