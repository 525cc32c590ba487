using System.Diagnostics;
using System.Globalization;

namespace Merlon.EndToEnd.Tests.MainJob;

/// <summary>The job people install Merlon for, done as a stranger would, over the wire.</summary>
[Collection(ServedInstallation.Collection)]
public sealed class MainJobTests(ServedInstallation served, ITestOutputHelper output)
{
    [Fact]
    public void Up_FirstStart_IsReadySoon()
    {
        output.WriteLine($"'merlon up' printed its addresses after {served.Instance.StartTime.TotalMilliseconds:0} ms.");
        Assert.InRange(served.Instance.StartTime.TotalSeconds, 0, 15);
    }

    [Fact]
    public void Admit_UnsignedAndUnapproved_BlocksAtBothGates()
    {
        served.BlockedBefore.Exits(1);
        var verdicts = served.BlockedBefore.Json["gates"]!.AsArray().ToDictionary(g => g!["gate"]!.GetValue<string>(), g => g!["verdict"]!.GetValue<string>());
        Assert.Equal(("pass", "pass", "block", "block"), (verdicts["integrity"], verdicts["format"], verdicts["signature"], verdicts["approval"]));
    }

    [Fact]
    public void Deploy_Admitted_NamesTheManifestThatWasPushed()
    {
        Assert.Equal(served.Pushed["manifest"]!.GetValue<string>(), served.Deployed["manifest"]!.GetValue<string>());
        Assert.Equal("full", served.Deployed["isolation"]!.GetValue<string>());
        Assert.True(served.Deployed["effective"]!.GetValue<bool>());
        output.WriteLine($"First answer of the isolated worker after {served.Deployed["startMilliseconds"]} ms.");
    }

    [Fact]
    public async Task Infer_ManyRows_AnswersWhatTheNetworkSays()
    {
        using var connection = await served.ConnectAsync();
        for (var first = 0; first < 256; first += 64)
        {
            var answer = await connection.PostAsync("/v2/models/fraud/infer", served.Key, SampleModels.Request(first, 64));
            Assert.True(answer.Status == 200, answer.Body);
            Assert.Equal($"row-{first}", answer.Json["id"]!.GetValue<string>());
            for (var row = 0; row < 64; row++)
                Assert.Equal(SampleModels.First.Network.Predict(SampleModels.First.Unseen.Row(first + row)), SampleModels.Probability(answer.Json, row), 1e-5);
        }
    }

    [Fact]
    public async Task Infer_WithCurlAndThePrintedCa_GetsTheSameNumber()
    {
        var address = string.Create(CultureInfo.InvariantCulture, $"https://localhost:{served.Instance.GatewayPort}/v2/models/fraud/infer");
        var curl = (await CommandLine.RunAsync("/usr/bin/curl",
        [
            "--silent", "--show-error", "--fail-with-body", "--noproxy", "*", "--cacert", served.Instance.CaFile, "-H", $"Authorization: Bearer {served.Key}",
            "-H", "Content-Type: application/json", "--data", SampleModels.Request(), address,
        ])).Exits(0);
        Assert.Equal(SampleModels.First.Network.Predict(SampleModels.First.Unseen.Row(0)), SampleModels.Probability(curl.Json), 1e-5);
        // The system's CAs do not vouch for it, so a client that was not given the CA must not trust it.
        (await CommandLine.RunAsync("/usr/bin/curl", ["--silent", "--noproxy", "*", address])).Exits(60);
    }

    [Theory]
    [InlineData("", 401)]
    [InlineData("mk_nonsense", 401)]
    [InlineData("changed", 401)]
    [InlineData("other", 403)]
    public async Task Infer_WithoutARightfulKey_IsRefusedInWords(string kind, int status)
    {
        var key = kind switch { "" => null, "other" => served.OtherKey, "changed" => served.Key[..^1] + (served.Key[^1] == 'a' ? 'b' : 'a'), _ => kind };
        var answer = await served.InferAsync("fraud", key);
        Assert.Equal(status, answer.Status);
        Assert.NotEmpty(answer.Json["error"]!.GetValue<string>());
        Assert.DoesNotContain("fraud_probability", answer.Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Infer_UnknownEndpoint_AnswersAsForAnEndpointThatTheKeyDoesNotName()
    {
        var (unknown, foreign) = (await served.InferAsync("nothing-here", served.OtherKey), await served.InferAsync("fraud", served.OtherKey));
        Assert.Equal((foreign.Status, foreign.Body.Replace("fraud", "NAME", StringComparison.Ordinal)), (unknown.Status, unknown.Body.Replace("nothing-here", "NAME", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Revoke_UsedKey_IsRefusedWithinASecond()
    {
        var key = await served.NewKeyAsync("fraud", "short-lived");
        using var connection = await served.ConnectAsync();
        Assert.Equal(200, (await connection.PostAsync("/v2/models/fraud/infer", key, SampleModels.Request())).Status);
        using var api = served.Instance.Api();
        var clock = Stopwatch.StartNew();
        using var revoked = await api.SendAsync(HttpMethod.Delete, "keys/short-lived");
        Assert.True(revoked.IsSuccessStatusCode);
        var acknowledged = clock.Elapsed;
        // The acknowledgement says that it is effective: not one call passes after it.
        Assert.Contains("\"effective\":true", await revoked.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Equal(401, (await connection.PostAsync("/v2/models/fraud/infer", key, SampleModels.Request())).Status);
        output.WriteLine($"Revocation acknowledged after {acknowledged.TotalMilliseconds:0} ms, first refused call after {clock.Elapsed.TotalMilliseconds:0} ms.");
        Assert.True(clock.Elapsed.TotalSeconds < 1, $"took {clock.Elapsed}");
    }

    [Fact]
    public async Task Infer_WithAnExpiredKey_IsRefused()
    {
        var key = await served.NewKeyAsync("fraud", "two-seconds", "2s");
        using var connection = await served.ConnectAsync();
        await Eventually.TrueAsync(
            async () => (await connection.PostAsync("/v2/models/fraud/infer", key, SampleModels.Request())).Status == 401, 5, "the key expires");
    }

    [Fact]
    public async Task DeployAndRollback_UnderLoad_FailNoCall()
    {
        var row = SampleModels.TellingRow;
        (await served.Instance.RunAsync("deploy", "fraud@1", "--endpoint", "moving", "--env", "production")).Exits(0);
        var key = await served.NewKeyAsync("moving", "moving-app");
        await using var load = await Load.StartAsync(served, "moving", key, connections: 2, SampleModels.Request(row));
        await Task.Delay(300);
        (await served.Instance.RunAsync("deploy", "fraud@2", "--endpoint", "moving", "--env", "production")).Exits(0);
        Assert.Equal(2, SampleModels.WhoAnswered((await served.InferAsync("moving", key, SampleModels.Request(row))).Json, row));
        await Task.Delay(300);
        (await served.Instance.RunAsync("rollback", "moving")).Exits(0);
        Assert.Equal(1, SampleModels.WhoAnswered((await served.InferAsync("moving", key, SampleModels.Request(row))).Json, row));
        await Task.Delay(300);
        var answers = await load.StopAsync();
        output.WriteLine($"{answers.Count} calls during a deployment and a rollback.");
        Assert.Empty(answers.Where(a => a.Status != 200).Select(a => $"{a.Status} {a.Body}"));
        Assert.DoesNotContain(0, answers.Select(a => SampleModels.WhoAnswered(System.Text.Json.Nodes.JsonNode.Parse(a.Body)!, row)));
        Assert.True(answers.Count > 50, $"only {answers.Count} calls");
    }

    [Fact]
    public async Task Approve_OwnVersion_IsNotEnough()
    {
        (await served.Instance.RunAsync("model", "push", "own", served.ModelFolder(2))).Exits(0);
        (await served.Instance.RunAsync("sign", "own@1", "--key", served.SigningKey)).Exits(0);
        await served.Instance.RunAsync("approve", "own@1", "--env", "production", "--reason", "mine");
        var blocked = (await served.Instance.RunAsync("admit", "own@1", "--env", "production", "--json")).Exits(1);
        Assert.Equal("block", blocked.Json["gates"]!.AsArray().Single(g => g!["gate"]!.GetValue<string>() == "approval")!["verdict"]!.GetValue<string>());
        (await served.Instance.RunAsync("deploy", "own@1", "--endpoint", "own", "--env", "production")).Exits(1);
    }
}
