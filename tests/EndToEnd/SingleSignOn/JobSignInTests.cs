using System.Text.Json.Nodes;

namespace Merlon.EndToEnd.Tests.SingleSignOn;

/// <summary>A job of a build system, at the command line of the published program: it has its issuer's token and nothing else.</summary>
public sealed class JobSignInTests : IAsyncLifetime
{
    private readonly Instance _instance = new();
    private ProviderPeer _issuer = null!;

    public async Task InitializeAsync()
    {
        await _instance.StartAsync();
        await _instance.SignInAsync();
        _issuer = new ProviderPeer(Path.Combine(_instance.Folder, "issuer"), _instance.Server, _instance.CaFile, "builds");
        await _issuer.StartAsync();
    }

    public async Task DisposeAsync()
    {
        await _issuer.DisposeAsync();
        await _instance.DisposeAsync();
    }

    private string Token(string repository)
    {
        var now = TimeProvider.System.GetUtcNow().ToUnixTimeSeconds();
        var file = Path.Combine(_instance.Folder, "token.jwt");
        File.WriteAllText(file, _issuer.Sign(new JsonObject
        {
            ["iss"] = _issuer.Issuer, ["aud"] = "https://merlon.test", ["sub"] = $"repo:{repository}", ["iat"] = now, ["exp"] = now + 300, ["jti"] = Guid.CreateVersion7().ToString("n"), ["repository"] = repository,
        }) + "\n");
        return file;
    }

    [Fact]
    public async Task Job_SignsInWithItsIssuersToken_AndDoesWhatIsNamed_AndNothingElse()
    {
        (await _instance.RunAsync("service", "create", "ci", "--role", "ml-engineer")).Exits(0);
        var added = (await _instance.RunAsync(
            "federation", "add", "builds", "--issuer", _issuer.Issuer, "--ca", _issuer.CaFile, "--audience", "https://merlon.test", "--claim", "repository=acme/fraud", "--service", "ci",
            "--verb", "model:read", "--json")).Exits(0);
        var client = added.Json["clientId"]!.GetValue<string>();
        Assert.Contains("acme/fraud", (await _instance.RunAsync("federation", "list")).Exits(0).Output, StringComparison.Ordinal);

        var job = Path.Combine(_instance.Folder, "job");
        Task<CommandResult> JobAsync(params string[] words) => People.RunAsync(job, words);
        string[] Login(string file) => ["login", "--federation", client, "--assertion", file, "--server", _instance.Server, "--ca", _instance.CaFile];
        var foreign = await JobAsync(Login(Token("acme/other")));
        Assert.Equal(1, foreign.ExitCode);
        Assert.Contains("does not have the claims", foreign.Error, StringComparison.Ordinal);

        var own = Token("acme/fraud");
        Assert.Contains("as ci", (await JobAsync(Login(own))).Exits(0).Output, StringComparison.Ordinal);
        (await JobAsync("model", "list")).Exits(0);
        // The service may see policies; this token may not.
        Assert.Equal(1, (await JobAsync("policy", "show")).ExitCode);
        var again = await JobAsync(Login(own));
        Assert.Contains("used before", again.Error, StringComparison.Ordinal);

        (await _instance.RunAsync("federation", "remove", "builds")).Exits(0);
        Assert.Equal(1, (await JobAsync("model", "list")).ExitCode);
    }
}
