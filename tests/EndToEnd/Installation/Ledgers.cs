using System.Text.Json.Nodes;

namespace Merlon.EndToEnd.Tests.Installation;

/// <summary>The three logs of an installation, verified by the offline command.</summary>
internal static class Ledgers
{
    public static async Task<JsonArray> AllAsync(Instance instance) => (await instance.RunAsync("audit", "keys", "--json")).Exits(0).Json.AsArray();

    public static async Task AssertValidAsync(Instance instance)
    {
        foreach (var log in await AllAsync(instance))
        {
            var verified = await instance.RunAsync("audit", "verify", "--ledger", log!["directory"]!.GetValue<string>(), "--key", log["key"]!.GetValue<string>());
            Assert.True(verified.ExitCode == 0, $"{log["log"]}: {verified.All}");
        }
    }
}
