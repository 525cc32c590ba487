using System.Text.Json.Nodes;

namespace Merlon.EndToEnd.Tests.DiskFull;

/// <summary>The data folder lies on a file system that becomes full: what cannot be recorded is refused, and when there is space again everything goes on.</summary>
public sealed class DiskFullTests(ITestOutputHelper output) : IAsyncLifetime
{
    private readonly Instance _instance = new();
    private bool _mounted;

    private string Filler => Path.Combine(_instance.Folder, "filler");

    public async Task InitializeAsync()
    {
        // A file system of its own for data, root key and settings alike.
        _mounted = (await CommandLine.RunAsync("/bin/mount", ["-t", "tmpfs", "-o", "size=48m,mode=755", "tmpfs", _instance.Folder])).ExitCode == 0;
    }

    public async Task DisposeAsync()
    {
        if (_instance.IsRunning)
            await _instance.StopAsync();
        if (_mounted)
            (await CommandLine.RunAsync("/bin/umount", ["--lazy", _instance.Folder])).Exits(0);
        await _instance.DisposeAsync();
    }

    [Fact]
    public async Task Disk_FullAndFreeAgain_RefusesAndLosesNothing()
    {
        if (!_mounted)
        {
            Console.Error.WriteLine("Skipped: no tmpfs can be mounted here (this needs root), so no disk can be filled safely.");
            return;
        }
        await _instance.StartAsync();
        await _instance.SignInAsync();
        var folder = Path.Combine(_instance.Folder, "model");
        SampleModels.First.Save(folder);
        (await _instance.RunAsync("model", "push", "fraud", folder)).Exits(0);
        (await _instance.RunAsync("deploy", "fraud@1", "--endpoint", "fraud", "--env", "development")).Exits(0);
        var made = (await _instance.RunAsync("key", "create", "--endpoint", "fraud", "--name", "app", "--expires", "1d", "--rate", "100000", "--json")).Exits(0).Json;
        var key = made["key"]!.GetValue<string>();

        await FillAsync();
        var answered = await CallUntilRefusedAsync(key);
        await AssertControlRefusesAsync(folder);
        File.Delete(Filler);

        await Eventually.TrueAsync(async () => await InferAsync(key) is 200, 15, $"calls are answered again\n{_instance.Logs()}");
        await Eventually.TrueAsync(async () => (await _instance.RunAsync("model", "push", "again", folder)).ExitCode == 0, 15, "pushes are taken again");
        (await _instance.RunAsync("model", "verify", "fraud@1")).Exits(0);
        using var api = _instance.Api();
        await Eventually.TrueAsync(
            async () => (await api.EventsAsync("gateway")).Count(e => IsAnswerTo(e, made["keyId"]!.GetValue<string>())) > answered, 10, "every answered call is recorded");
        await Ledgers.AssertValidAsync(_instance);
        var former = ProcessTable.Descendants(_instance.ProcessId);
        await _instance.StopAsync();
        Residue.AssertNone(_instance, former);
        await _instance.StartAsync();
        _instance.FollowPort();
        await Eventually.TrueAsync(async () => await InferAsync(key) is 200, 15, "calls are answered after a start");
        await Ledgers.AssertValidAsync(_instance);
    }

    private static bool IsAnswerTo(JsonNode entry, string keyId) =>
        entry["event"]?["status_id"]?.GetValue<int>() == 1 && entry["event"]!.ToJsonString().Contains(keyId, StringComparison.Ordinal);

    /// <summary>Takes all the space, to the last block.</summary>
    private async Task FillAsync()
    {
        await using var filler = new FileStream(Filler, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0);
        var block = new byte[4096];
        try
        {
            while (true)
                filler.Write(block);
        }
        catch (IOException)
        {
            // Full.
        }
    }

    /// <summary>Files that were begun may take some more; then each call is refused, and none is answered after that.</summary>
    private async Task<int> CallUntilRefusedAsync(string key)
    {
        using var connection = await RawConnection.OpenAsync(_instance.GatewayPort, _instance.CaFile);
        var answered = 0;
        var refused = 0;
        for (var i = 0; i < 20_000 && refused < 20; i++)
        {
            var answer = await AnswerAsync(connection, key);
            Assert.True(answer.Status is 200 or 503, $"{answer.Status} {answer.Body}");
            if (answer.Status == 200)
            {
                answered++;
                continue;
            }
            refused++;
            Assert.NotEmpty(answer.Json["error"]!.GetValue<string>());
            Assert.True(answer.Headers.ContainsKey("Retry-After"));
        }
        output.WriteLine($"{answered} calls were still recorded on the full disk before the first was refused.");
        Assert.True(refused > 0, "calls are answered although nothing can be recorded");
        return answered;
    }

    private async Task<RawAnswer> AnswerAsync(RawConnection connection, string key)
    {
        try
        {
            return await connection.PostAsync("/v2/models/fraud/infer", key, SampleModels.Request());
        }
        catch (IOException e)
        {
            throw new IOException($"{e.Message}\n{_instance.Printed}\n{_instance.Logs()}", e);
        }
    }

    private async Task AssertControlRefusesAsync(string folder)
    {
        var pushed = await _instance.RunAsync("model", "push", "full", folder);
        Assert.True(pushed.ExitCode == 3, pushed.All);
        Assert.StartsWith("merlon: ", pushed.Error, StringComparison.Ordinal);
        Assert.Contains("space", pushed.Error, StringComparison.Ordinal);
        using var api = _instance.Api();
        using var key = await api.SendAsync(HttpMethod.Post, "keys", new StringContent("""{"name":"full","endpoint":"fraud","expiresInSeconds":60}""", System.Text.Encoding.UTF8, "application/json"));
        Assert.Equal(503, (int)key.StatusCode);
    }

    private async Task<int> InferAsync(string key)
    {
        try
        {
            using var connection = await RawConnection.OpenAsync(_instance.GatewayPort, _instance.CaFile);
            return (await connection.PostAsync("/v2/models/fraud/infer", key, SampleModels.Request())).Status;
        }
        catch (IOException)
        {
            return 0;
        }
    }
}
