using System.Globalization;
using System.Text.Json.Nodes;
using Merlon.EndToEnd.Tests.MainJob;

namespace Merlon.EndToEnd.Tests.Worker;

/// <summary>A worker is killed or hangs under load: its own callers are told in words and served again soon, everyone else's are not touched.</summary>
[Collection(ServedInstallation.Collection)]
public sealed class WorkerFailureTests(ServedInstallation served, ITestOutputHelper output)
{
    [Fact]
    public async Task Kill_WorkerUnderLoad_RecoversAndNeighboursGoOn()
    {
        var former = await ProcessIdAsync("fraud");
        await using var load = await Load.StartAsync(served, "fraud", served.Key, 2, SampleModels.Request());
        await using var neighbour = await Load.StartAsync(served, "other", served.OtherKey, 1, SampleModels.Request(), pauseMilliseconds: 2);
        await Task.Delay(1500);
        var (killedAt, neighbourAt) = (load.Now, neighbour.Now);
        ProcessTable.Signal(former, ProcessTable.Kill);
        await Task.Delay(2500);
        var answers = await load.StopAsync();
        var others = await neighbour.StopAsync();

        AssertCleanRefusals(answers);
        Assert.Empty(others.Where(a => a.Status != 200).Select(a => $"{a.Status} {a.Body}"));
        var firstAfter = answers.Where(a => a.Status == 200 && a.At > killedAt + 50).Min(a => a.At + a.Milliseconds) - killedAt;
        var (before, during) = (others.Where(a => a.At < neighbourAt), others.Where(a => a.At >= neighbourAt && a.At < neighbourAt + 2000));
        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"Answered again after {firstAfter:0} ms; {answers.Count(a => a.Status != 200)} of {answers.Count} calls refused; neighbour's p99 {P99(before):0.0} ms before and {P99(during):0.0} ms during."));
        Assert.True(firstAfter < 2000, $"answered again only after {firstAfter:0} ms");
        Assert.NotEqual(former, await ProcessIdAsync("fraud"));
    }

    [Fact]
    public async Task Stop_WorkerThatHangs_IsNoticedAndReplaced()
    {
        var former = await ProcessIdAsync("fraud");
        await using var load = await Load.StartAsync(served, "fraud", served.Key, 2, SampleModels.Request());
        await Task.Delay(300);
        var hungAt = load.Now;
        ProcessTable.Signal(former, ProcessTable.Stop);
        await Eventually.TrueAsync(async () => (await served.WorkerAsync("fraud"))["state"]!.GetValue<string>() is "healthy" && await ProcessIdAsync("fraud") != former, 15, "a new worker");
        await Task.Delay(500);
        var answers = await load.StopAsync();
        AssertCleanRefusals(answers);
        Assert.False(ProcessTable.IsAlive(former), "the hung worker still lives");
        var firstAfter = answers.Where(a => a.Status == 200 && a.At + a.Milliseconds > hungAt + 100).Min(a => a.At + a.Milliseconds) - hungAt;
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"A hung worker was replaced and answered after {firstAfter:0} ms; {answers.Count(a => a.Status != 200)} calls refused."));
        Assert.True(firstAfter < 5000, $"answered again only after {firstAfter:0} ms");
    }

    [Fact]
    public async Task Kill_WorkerManyTimes_IsAlwaysReplacedAndRecorded()
    {
        (await served.Instance.RunAsync("deploy", "fraud@1", "--endpoint", "fragile", "--env", "production")).Exits(0);
        var key = await served.NewKeyAsync("fragile", "fragile-app");
        const int kills = 3;
        for (var i = 0; i < kills; i++)
        {
            var former = await ProcessIdAsync("fragile");
            ProcessTable.Signal(former, ProcessTable.Kill);
            await Eventually.TrueAsync(async () => (await served.WorkerAsync("fragile"))["state"]!.GetValue<string>() is "healthy" && await ProcessIdAsync("fragile") != former, 15, "a new worker");
            Assert.Equal(200, (await served.InferAsync("fragile", key)).Status);
        }
        using var api = served.Instance.Api();
        await Eventually.TrueAsync(
            async () => (await api.EventsAsync("node")).Count(e => IsStopOf(e, "fragile")) >= kills, 5, "each death is in the node's ledger");
    }

    private static bool IsStopOf(JsonNode entry, string endpoint) =>
        entry["event"]?["unmapped"]?["operation"]?.GetValue<string>() == "worker.stop" && entry["event"]!.ToJsonString().Contains($"\"{endpoint}\"", StringComparison.Ordinal);

    private async Task<int> ProcessIdAsync(string endpoint) => (await served.WorkerAsync(endpoint))["processId"]!.GetValue<int>();

    /// <summary>Whatever is not an answer is a 503 in words that says when to come again.</summary>
    private static void AssertCleanRefusals(IReadOnlyList<Load.Answer> answers)
    {
        Assert.Contains(answers, a => a.Status == 200);
        foreach (var refused in answers.Where(a => a.Status != 200))
        {
            Assert.True(refused.Status == 503, $"{refused.Status} {refused.Body}");
            Assert.True(refused.Headers.ContainsKey("Retry-After"), "no Retry-After");
            Assert.NotEmpty(JsonNode.Parse(refused.Body)!["error"]!.GetValue<string>());
        }
    }

    private static double P99(IEnumerable<Load.Answer> answers) => Load.Percentile(answers.Select(a => a.Milliseconds), 0.99);
}
