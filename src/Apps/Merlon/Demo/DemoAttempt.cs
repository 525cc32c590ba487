using System.Text.Json.Nodes;
using Merlon.App.Cli;

namespace Merlon.App.Demo;

/// <summary>Tries what should be refused.</summary>
internal static class DemoAttempt
{
    /// <summary>The refusal's sentence, or null when it was not refused.</summary>
    public static async Task<string?> RefusedAsync(Func<Task<JsonNode>> attempt)
    {
        try
        {
            await attempt();
            return null;
        }
        catch (CliException e)
        {
            return e.Message;
        }
    }
}
