
namespace Merlon.EndToEnd.Tests.Operations;

/// <summary>Backup, and restore into another folder.</summary>
public sealed class BackupTests : IAsyncLifetime
{
    private readonly Instance _instance = new();
    private string _key = "";

    public async Task InitializeAsync()
    {
        await _instance.StartAsync();
        await _instance.SignInAsync();
        var folder = Path.Combine(_instance.Folder, "model");
        SampleModels.First.Save(folder);
        (await _instance.RunAsync("model", "push", "fraud", folder)).Exits(0);
        (await _instance.RunAsync("deploy", "fraud@1", "--endpoint", "fraud", "--env", "development")).Exits(0);
        _key = (await _instance.RunAsync("key", "create", "--endpoint", "fraud", "--name", "app", "--expires", "1d", "--json")).Exits(0).Json["key"]!.GetValue<string>();
    }

    public async Task DisposeAsync() => await _instance.DisposeAsync();

    [Fact]
    public async Task Restore_IntoAnotherFolder_BringsEverythingBackAndRefusesWhatIsNotWhole()
    {
        var backup = Path.Combine(_instance.Folder, "merlon.backup");
        Assert.Equal(200, await InferAsync(_instance));
        // An event is under a checkpoint a second later; the backup's logs then hold it.
        await Task.Delay(1200);
        (await _instance.RunAsync("backup", backup)).Exits(0);
        (await _instance.RunAsync("backup", backup)).Exits(1);
        var logs = await Ledgers.AllAsync(_instance);
        await _instance.StopAsync();

        await AssertRefusedAsync(backup);

        await using var restored = new Instance(Directory.CreateDirectory(Path.Combine(_instance.Folder, "second")).FullName) { RootKey = _instance.RootKey };
        (await restored.RunAsync("restore", backup, "--data", restored.Data, "--root-key", restored.RootKey)).Exits(0);
        (await restored.RunAsync("restore", backup, "--data", restored.Data, "--root-key", restored.RootKey)).Exits(1);
        await restored.StartAsync();
        Directory.CreateDirectory(restored.Settings);
        File.Copy(Path.Combine(_instance.Settings, "credentials.json"), Path.Combine(restored.Settings, "credentials.json"));
        restored.FollowPort();
        (await restored.RunAsync("model", "verify", "fraud@1")).Exits(0);
        await Eventually.TrueAsync(async () => await InferAsync(restored) == 200, 15, $"the endpoint answers again\n{restored.Logs()}");
        await Ledgers.AssertValidAsync(restored);
        foreach (var log in logs)
        {
            var former = Directory.EnumerateDirectories(Path.Combine(restored.Data, "ledger-former")).Single();
            (await restored.RunAsync("audit", "verify", "--ledger", Path.Combine(former, log!["log"]!.GetValue<string>()), "--key", log["key"]!.GetValue<string>())).Exits(0);
        }
        (await restored.RunAsync("deploy", "fraud@1", "--endpoint", "again", "--env", "development")).Exits(0);
    }

    private async Task<int> InferAsync(Instance instance)
    {
        using var connection = await RawConnection.OpenAsync(instance.GatewayPort, instance.CaFile);
        return (await connection.PostAsync("/v2/models/fraud/infer", _key, SampleModels.Request())).Status;
    }

    private async Task AssertRefusedAsync(string backup)
    {
        var other = Path.Combine(_instance.Folder, "other.key");
        await File.WriteAllTextAsync(other, Convert.ToBase64String(System.Security.Cryptography.RandomNumberGenerator.GetBytes(32)));
        File.SetUnixFileMode(other, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        await AssertRefusedAsync(backup, other, "another root key");

        var whole = await File.ReadAllBytesAsync(backup);
        // In the header, in the first frame, in the middle, in the last bytes.
        foreach (var position in (int[])[3, 40, 200, whole.Length / 2, whole.Length - 1])
        {
            var damaged = (byte[])whole.Clone();
            damaged[position] ^= 1;
            await AssertRefusedAsync(await WriteAsync("flipped", damaged), _instance.RootKey, null);
        }
        foreach (var length in (int[])[0, 10, 100, whole.Length / 2, whole.Length - 1])
            await AssertRefusedAsync(await WriteAsync("cut", whole[..length]), _instance.RootKey, null);
        await AssertRefusedAsync(await WriteAsync("longer", [.. whole, 0]), _instance.RootKey, null);
    }

    private async Task<string> WriteAsync(string name, byte[] content)
    {
        var path = Path.Combine(_instance.Folder, name);
        await File.WriteAllBytesAsync(path, content);
        return path;
    }

    private async Task AssertRefusedAsync(string backup, string key, string? about)
    {
        var target = Path.Combine(_instance.Folder, "refused");
        var result = (await _instance.RunAsync("restore", backup, "--data", target, "--root-key", key)).Exits(1);
        Assert.StartsWith("merlon: ", result.Error, StringComparison.Ordinal);
        if (about is not null)
            Assert.Contains(about, result.Error, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFileSystemEntries(_instance.Folder, "refused*"));
    }
}
