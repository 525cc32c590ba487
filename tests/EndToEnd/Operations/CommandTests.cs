namespace Merlon.EndToEnd.Tests.Operations;

/// <summary>The command line where there is no server, and where the words are wrong.</summary>
public sealed class CommandTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("merlon-e2e-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("whoami")]
    [InlineData("model list")]
    [InlineData("endpoint list")]
    [InlineData("key list")]
    [InlineData("audit keys")]
    [InlineData("policy show")]
    [InlineData("rollback fraud")]
    public async Task Command_NobodySignedIn_SaysHowToStart(string words)
    {
        var result = await Instance.RunAsAsync(_folder, words.Split(' '));
        result.ExitsNot(0);
        Assert.Contains("merlon up", result.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("whoami")]
    [InlineData("model list")]
    [InlineData("endpoint list")]
    [InlineData("backup FOLDER/b")]
    public async Task Command_ServerGone_SaysHowToStart(string words)
    {
        // Port 1 is never Merlon's.
        await WriteCredentialsAsync("https://localhost:1");
        var result = (await Instance.RunAsAsync(_folder, words.Replace("FOLDER", _folder, StringComparison.Ordinal).Split(' '))).Exits(3);
        Assert.Contains("No Merlon answers", result.Error, StringComparison.Ordinal);
        Assert.Contains("merlon up", result.Error, StringComparison.Ordinal);
        Assert.False(File.Exists(Path.Combine(_folder, "b")));
    }

    [Theory]
    [InlineData("")]
    [InlineData("nonsense")]
    [InlineData("model")]
    [InlineData("model push")]
    [InlineData("model push a b c")]
    [InlineData("model verify fraud")]
    [InlineData("model verify fraud@0")]
    [InlineData("model verify fraud@x")]
    [InlineData("deploy fraud@1")]
    [InlineData("admit fraud@1")]
    [InlineData("key create --endpoint e --name n --expires never")]
    [InlineData("up --control-port 99999")]
    [InlineData("up --listen nowhere")]
    [InlineData("up --sandbox none")]
    [InlineData("run-role control x")]
    [InlineData("role create readers")]
    [InlineData("group add team")]
    [InlineData("binding add owner")]
    [InlineData("binding remove not-an-id")]
    [InlineData("service create ci")]
    [InlineData("access explain ME model:read")]
    [InlineData("access approve not-an-id")]
    [InlineData("key rotate web")]
    [InlineData("key rotate web --expires 90d --overlap soon")]
    [InlineData("login --token t --bootstrap c")]
    [InlineData("mfa")]
    [InlineData("session end")]
    [InlineData("login --bootstrap nonsense")]
    [InlineData("login --token t --server nonsense")]
    [InlineData("login --token t --server http://localhost:8443")]
    [InlineData("audit verify --ledger / --key nonsense")]
    public async Task Command_WrongWords_ExitsTwoWithASentence(string words)
    {
        await WriteCredentialsAsync("https://localhost:1");
        var result = (await Instance.RunAsAsync(_folder, words.Split(' ', StringSplitOptions.RemoveEmptyEntries))).Exits(2);
        Assert.StartsWith("merlon: ", result.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("verify /nowhere --signature /nowhere/a --key /nowhere/b")]
    [InlineData("sign /nowhere@1 --key /nowhere/key")]
    [InlineData("audit verify --ledger /nowhere --key x")]
    [InlineData("restore /nowhere/backup --data /nowhere/data --root-key /nowhere/key")]
    [InlineData("model push fraud /nowhere")]
    [InlineData("policy apply /nowhere/policy.yaml")]
    [InlineData("policy trust name /nowhere/key.pem")]
    [InlineData("login --token t --ca /nowhere/ca.pem")]
    public async Task Command_FileThatIsNotThere_ExitsThreeWithASentence(string words)
    {
        await WriteCredentialsAsync("https://localhost:1");
        var result = (await Instance.RunAsAsync(_folder, words.Split(' '))).Exits(3);
        Assert.StartsWith("merlon: ", result.Error, StringComparison.Ordinal);
        Assert.False(Directory.Exists("/nowhere"));
    }

    [Theory]
    [InlineData("not json")]
    [InlineData("null")]
    [InlineData("{}")]
    [InlineData("""{"Server":"x","CaPem":"x","Token":"x"}""")]
    [InlineData("""{"Server":"https://localhost:1","CaPem":"not pem","Token":"x"}""")]
    public async Task Command_DamagedSettings_ExitsWithASentence(string text)
    {
        await WriteAsync(text);
        var result = (await Instance.RunAsAsync(_folder, "whoami")).ExitsNot(0);
        Assert.StartsWith("merlon: ", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Command_SettingsThatOthersCanRead_AreRefused()
    {
        await WriteCredentialsAsync("https://localhost:1");
        File.SetUnixFileMode(Path.Combine(_folder, "credentials.json"), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.OtherRead);
        Assert.Contains("read by others", (await Instance.RunAsAsync(_folder, "whoami")).Exits(1).Error, StringComparison.Ordinal);
    }

    private Task WriteCredentialsAsync(string server) => WriteAsync($$"""{"Server":"{{server}}","CaPem":"","Token":"mt_x"}""");

    private async Task WriteAsync(string text)
    {
        var file = Path.Combine(_folder, "credentials.json");
        await File.WriteAllTextAsync(file, text);
        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
    }
}
