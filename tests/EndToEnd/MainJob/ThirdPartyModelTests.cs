using System.Globalization;
using System.Text.Json.Nodes;

namespace Merlon.EndToEnd.Tests.MainJob;

/// <summary>A model that other people's tools made, without a word from us beside it.</summary>
[Collection(ServedInstallation.Collection)]
public sealed class ThirdPartyModelTests(ServedInstallation served)
{
    [Fact]
    public async Task Deploy_ModelOfScikitLearn_AnswersCurlAsScikitLearnDoes()
    {
        var folder = Path.Combine(served.Instance.Folder, "third-party");
        var made = (await CommandLine.RunAsync("/usr/bin/python3", ["-W", "ignore", Path.Combine(AppContext.BaseDirectory, "third_party.py"), folder])).Exits(0).Json;
        (await served.Instance.RunAsync("model", "push", "cancer", folder)).Exits(0);
        await served.PromoteAsync("cancer@1");
        (await served.Instance.RunAsync("deploy", "cancer@1", "--endpoint", "cancer", "--env", "production")).Exits(0);
        var key = await served.NewKeyAsync("cancer", "cancer-app");

        var rows = made["rows"]!.AsArray();
        var body = new JsonObject
        {
            // Nested data, as numpy's tolist gives it.
            ["inputs"] = new JsonArray(new JsonObject { ["name"] = "measurements", ["shape"] = new JsonArray(rows.Count, rows[0]!.AsArray().Count), ["datatype"] = "FP32", ["data"] = rows.DeepClone() }),
        };
        var curl = (await CommandLine.RunAsync("/usr/bin/curl",
        [
            "--silent", "--show-error", "--fail-with-body", "--noproxy", "*", "--cacert", served.Instance.CaFile, "-H", $"Authorization: Bearer {key}",
            "-H", "Content-Type: application/json", "--data", body.ToJsonString(),
            string.Create(CultureInfo.InvariantCulture, $"https://localhost:{served.Instance.GatewayPort}/v2/models/cancer/infer"),
        ])).Exits(0);
        for (var row = 0; row < rows.Count; row++)
            Assert.Equal(made["benign"]![row]!.GetValue<double>(), SampleModels.Probability(curl.Json, row), 1e-4);
    }
}
