using System.Diagnostics;
using System.Text.Json.Nodes;

namespace Merlon.EndToEnd.Tests.Crash;

/// <summary>
/// Processes are killed while another process works and writes down what was acknowledged. Whatever happened: nothing acknowledged is lost, and nothing
/// half-done is seen.
/// </summary>
public sealed class CrashTests(ITestOutputHelper output) : IAsyncLifetime
{
    private static readonly string[] s_roles = ["gateway", "control", "node"];
    private readonly Instance _instance = new();
    private readonly Random _random = new(7);
    private string _key = "";

    private static int Rounds => Environment.GetEnvironmentVariable("MERLON_SOAK") == "1" ? 200 : 50;

    public async Task InitializeAsync()
    {
        await _instance.StartAsync();
        await _instance.SignInAsync();
        var folder = Path.Combine(_instance.Folder, "model");
        SampleModels.First.Save(folder);
        (await _instance.RunAsync("model", "push", "fraud", folder)).Exits(0);
        (await _instance.RunAsync("deploy", "fraud@1", "--endpoint", "fraud", "--env", "development")).Exits(0);
        _key = await NewKeyAsync("recorder");
    }

    public async Task DisposeAsync() => await _instance.DisposeAsync();

    private async Task<string> NewKeyAsync(string name) =>
        (await _instance.RunAsync("key", "create", "--endpoint", "fraud", "--name", name, "--expires", "1d", "--rate", "100000", "--json")).Exits(0).Json["key"]!.GetValue<string>();

    [Fact]
    public async Task Kill_EachRoleManyTimesUnderWork_LosesNothingAcknowledged()
    {
        output.WriteLine($"Each role is killed {Rounds} times.");
        await using var recording = await Recording.StartAsync(_instance, "fraud", _key);
        var longest = TimeSpan.Zero;
        for (var round = 0; round < Rounds; round++)
        {
            foreach (var role in s_roles)
            {
                await Task.Delay(_random.Next(0, 250));
                ProcessTable.Signal(_instance.ProcessOf(role), ProcessTable.Kill);
            }
            var recovered = await Eventually.TrueAsync(IsWholeAsync, 30, $"all roles are back after round {round}\n{_instance.Logs()[^Math.Min(3000, _instance.Logs().Length)..]}");
            longest = recovered > longest ? recovered : longest;
            var before = recording.Lines;
            await Eventually.TrueAsync(() => recording.Lines > before + 20, 20, "work goes on");
        }
        output.WriteLine($"Longest until all was back, the supervisor's growing pauses included: {longest.TotalMilliseconds:0} ms.");
        await AssertNothingLostAsync(await recording.FinishAsync());
        await AssertStopsCleanAsync();
    }

    [Fact]
    public async Task Kill_Supervisor_RolesEndAndANewStartRepairs()
    {
        await using var recording = await Recording.StartAsync(_instance, "fraud", _key);
        await Eventually.TrueAsync(() => recording.Lines > 400, 30, "work has begun");
        var former = ProcessTable.Descendants(_instance.ProcessId);
        Assert.True(former.Count >= 4, "three roles and a worker");
        await _instance.KillAsync();
        // At once, while the former roles are still ending.
        _instance.KeepPorts = true;
        await _instance.StartAsync();
        output.WriteLine($"A new start beside the ending roles was ready after {_instance.StartTime.TotalMilliseconds:0} ms.");
        await Eventually.TrueAsync(() => !former.Any(ProcessTable.IsAlive), 25, "the former roles and workers have ended");
        await Eventually.TrueAsync(IsWholeAsync, 20, "the endpoint answers again");
        var before = recording.Lines;
        await Eventually.TrueAsync(() => recording.Lines > before + 400, 30, "work goes on");
        await AssertNothingLostAsync(await recording.FinishAsync());
        await AssertStopsCleanAsync();
    }

    [Fact]
    public async Task Kill_Control_CallsGoOnWithoutAFailure()
    {
        var body = SampleModels.Request();
        using var connection = await RawConnection.OpenAsync(_instance.GatewayPort, _instance.CaFile);
        for (var i = 0; i < 3; i++)
        {
            var former = _instance.ProcessOf("control");
            ProcessTable.Signal(former, ProcessTable.Kill);
            var clock = Stopwatch.StartNew();
            var calls = 0;
            TimeSpan? back = null;
            while (back is null || clock.Elapsed < back + TimeSpan.FromSeconds(1.5))
            {
                var answer = await connection.PostAsync("/v2/models/fraud/infer", _key, body);
                Assert.True(answer.Status == 200, $"{clock.ElapsedMilliseconds} ms after control was killed: {answer.Status} {answer.Body}");
                calls++;
                await Task.Delay(5);
                if (back is null && _instance.ProcessOf("control") is var now && now != 0 && now != former && await IsControlUpAsync())
                    back = clock.Elapsed;
                Assert.True(clock.Elapsed.TotalSeconds < 30, "control is not back");
            }
            output.WriteLine($"{calls} calls without a failure while control was killed and came back after {back.Value.TotalMilliseconds:0} ms.");
        }
    }

    private async Task<bool> IsControlUpAsync()
    {
        try
        {
            using var api = _instance.Api();
            using var answer = await api.SendAsync(HttpMethod.Get, "endpoints");
            return answer.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    /// <summary>All three roles run, control answers, and a call gets its number.</summary>
    private async Task<bool> IsWholeAsync()
    {
        if (!s_roles.All(role => _instance.ProcessOf(role) != 0) || !await IsControlUpAsync())
            return false;
        try
        {
            using var api = _instance.Api();
            if ((await api.GetAsync("endpoints"))["items"]![0]!["worker"]?["state"]?.GetValue<string>() is not "healthy")
                return false;
            using var connection = await RawConnection.OpenAsync(_instance.GatewayPort, _instance.CaFile);
            return (await connection.PostAsync("/v2/models/fraud/infer", _key, SampleModels.Request())).Status == 200;
        }
        catch (Exception e) when (e is IOException or System.Net.Sockets.SocketException or HttpRequestException)
        {
            return false;
        }
    }

    private async Task AssertNothingLostAsync(Acknowledged acknowledged)
    {
        output.WriteLine($"Acknowledged: {acknowledged.Pushed.Count} versions, {acknowledged.Keys.Count} keys, {acknowledged.Revoked.Count} revocations, {acknowledged.Answered} answers.");
        Assert.True(acknowledged.Pushed.Count > 5 && acknowledged.Keys.Count > 5 && acknowledged.Answered > 50, "too little was acknowledged to prove anything");
        using var api = _instance.Api();
        await AssertVersionsAsync(api, acknowledged);
        await AssertKeysAsync(acknowledged);
        await Eventually.TrueAsync(async () => await RecordedAsync(api) >= acknowledged.Answered, 5, "every answered call is in the gateway's ledger");
        await Ledgers.AssertValidAsync(_instance);
    }

    private async Task<int> RecordedAsync(ControlApi api)
    {
        var id = _key.Split('_')[1];
        return (await api.EventsAsync("gateway")).Count(e =>
            e["event"]?["status_id"]?.GetValue<int>() == 1 && e["event"]!.ToJsonString().Contains(id, StringComparison.Ordinal));
    }

    private static async Task AssertVersionsAsync(ControlApi api, Acknowledged acknowledged)
    {
        foreach (var (reference, manifest) in acknowledged.Pushed)
        {
            var version = await api.GetAsync($"models/pushed/versions/{reference.Split('@')[1]}");
            Assert.True(version["manifest"]!.GetValue<string>() == manifest, $"{reference} was acknowledged as {manifest} and is {version["manifest"]}");
        }
        // Also those whose acknowledgement did not arrive: what is there is whole. The list shows the newest, and numbers have no gaps.
        var newest = (await api.GetAsync("models/pushed")).AsArray().Max(v => v!["version"]!.GetValue<int>());
        for (var number = 1; number <= newest; number++)
        {
            var verified = await api.PostAsync($"models/pushed/versions/{number}/verify", new JsonObject());
            Assert.True(verified["intact"]!.GetValue<bool>(), verified.ToJsonString());
        }
    }

    private async Task AssertKeysAsync(Acknowledged acknowledged)
    {
        using var connection = await RawConnection.OpenAsync(_instance.GatewayPort, _instance.CaFile);
        foreach (var (id, secret) in acknowledged.Keys)
        {
            if (acknowledged.Revoking.Contains(id) && !acknowledged.Revoked.Contains(id))
                continue;
            var answer = await connection.PostAsync("/v2/models/fraud/infer", secret, SampleModels.Request());
            Assert.True(answer.Status == (acknowledged.Revoked.Contains(id) ? 401 : 200), $"key {id}: {answer.Status} {answer.Body}");
        }
    }

    private async Task AssertStopsCleanAsync()
    {
        var former = ProcessTable.Descendants(_instance.ProcessId);
        await _instance.StopAsync();
        Assert.Equal(0, _instance.ExitCode);
        Residue.AssertNone(_instance, former);
        CommandResult.AssertNoStackTrace(_instance.Printed, "'merlon up'");
    }
}
