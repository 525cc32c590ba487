using System.Text.Json.Nodes;

namespace Merlon.EndToEnd.Tests.Operations;

/// <summary>What keeps an installation from starting, and how it stops.</summary>
public sealed class StartTests : IAsyncLifetime
{
    private readonly Instance _instance = new();

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync() => await _instance.DisposeAsync();

    private Task<CommandResult> UpAsync(string? data = null, string? key = null) =>
        _instance.RunAsync("up", "--data", data ?? _instance.Data, "--root-key", key ?? _instance.RootKey, "--control-port", "0", "--gateway-port", "0");

    /// <summary>One sentence and perhaps a remedy; nothing of the program's inside.</summary>
    private static void AssertSentence(CommandResult result, int exitCode, string about)
    {
        result.Exits(exitCode);
        Assert.Empty(result.Output);
        Assert.StartsWith("merlon: ", result.Error, StringComparison.Ordinal);
        Assert.Contains(about, result.Error, StringComparison.Ordinal);
        Assert.InRange(result.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length, 1, 2);
        Assert.DoesNotContain("Exception", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Up_SecondInstance_IsRefusedAndTheFirstGoesOn()
    {
        await _instance.StartAsync();
        await _instance.SignInAsync();
        AssertSentence(await UpAsync(), 1, "Another Merlon is running");
        (await _instance.RunAsync("whoami")).Exits(0);
        var former = ProcessTable.Descendants(_instance.ProcessId);
        await _instance.StopAsync();
        Assert.Equal(0, _instance.ExitCode);
        Residue.AssertNone(_instance, former);
        CommandResult.AssertNoStackTrace(_instance.Printed, "'merlon up'");
        CommandResult.AssertNoStackTrace(_instance.Logs(), "the logs");
        await AssertRefusesAfterwardsAsync();
    }

    /// <summary>The refusals that need data on disk, on what the stopped instance left.</summary>
    private async Task AssertRefusesAfterwardsAsync()
    {
        const UnixFileMode owner = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        File.SetUnixFileMode(_instance.RootKey, owner | UnixFileMode.OtherRead);
        AssertSentence(await UpAsync(), 1, "can be read");
        File.SetUnixFileMode(_instance.RootKey, owner);

        AssertSentence(await UpAsync(key: _instance.RootKey + ".gone"), 1, "missing");
        Assert.False(File.Exists(_instance.RootKey + ".gone"));

        await File.WriteAllTextAsync(_instance.RootKey + ".other", Convert.ToBase64String(System.Security.Cryptography.RandomNumberGenerator.GetBytes(32)));
        File.SetUnixFileMode(_instance.RootKey + ".other", owner);
        AssertSentence(await UpAsync(key: _instance.RootKey + ".other"), 1, "key of another installation");

        var mark = Path.Combine(_instance.Data, "format");
        var text = await File.ReadAllTextAsync(mark);
        var newer = JsonNode.Parse(text)!;
        newer["Format"] = 99;
        await File.WriteAllTextAsync(mark, newer.ToJsonString());
        AssertSentence(await UpAsync(), 1, "99");
        await File.WriteAllTextAsync(mark, text[..(text.Length / 2)]);
        AssertSentence(await UpAsync(), 1, "damaged");
        await File.WriteAllTextAsync(mark, text);

        await _instance.StartAsync();
        _instance.FollowPort();
        (await _instance.RunAsync("whoami")).Exits(0);
    }

    [Fact]
    public async Task Up_RootKeyInTheDataFolder_IsRefused() => AssertSentence(await UpAsync(key: Path.Combine(_instance.Data, "root.key")), 1, "must not lie in the data folder");

    [Fact]
    public async Task Up_FolderWithOtherFiles_IsRefusedAndLeftAlone()
    {
        Directory.CreateDirectory(_instance.Data);
        await File.WriteAllTextAsync(Path.Combine(_instance.Data, "letter.txt"), "mine");
        AssertSentence(await UpAsync(), 1, "not Merlon's");
        Assert.Equal("mine", await File.ReadAllTextAsync(Path.Combine(_instance.Data, "letter.txt")));
    }

    [Fact]
    public async Task Up_FolderThatTheRolesCannotEnter_IsRefused()
    {
        var closed = Directory.CreateDirectory(Path.Combine(_instance.Folder, "closed"), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        AssertSentence(await UpAsync(Path.Combine(closed.FullName, "data")), 1, "cannot enter");
    }

    [Fact]
    public async Task Up_TakenPort_IsRefusedInWords()
    {
        using var taken = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, 0);
        taken.Start();
        var port = ((System.Net.IPEndPoint)taken.LocalEndpoint).Port.ToString(System.Globalization.CultureInfo.InvariantCulture);
        var refused = await _instance.RunAsync("up", "--data", _instance.Data, "--root-key", _instance.RootKey, "--control-port", port, "--gateway-port", "0");
        AssertSentence(refused, 1, "address");
    }
}
