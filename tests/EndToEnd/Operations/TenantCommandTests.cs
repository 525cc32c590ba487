using Merlon.EndToEnd.Tests.Installation;

namespace Merlon.EndToEnd.Tests.Operations;

/// <summary>Projects, organizations, the break-glass code, the description of the API and the server's name, as they are met from outside.</summary>
[Collection(ServedInstallation.Collection)]
public sealed class TenantCommandTests(ServedInstallation served)
{
    private Task<CommandResult> RunAsync(string words) => served.Instance.RunAsync(words.Split(' '));

    [Fact]
    public async Task Project_Made_Used_Archived_AndRestored()
    {
        var planner = await served.Instance.SignInAsAsync("planner", "owner");
        Task<CommandResult> As(string words) => Instance.RunAsAsync(planner, words.Split(' '));
        (await As("project create beta")).Exits(0);
        (await As("project use no-such")).Exits(1);
        (await As("project use beta")).Exits(0);
        Assert.Empty((await As("model list --json")).Exits(0).Json.AsArray());
        (await As($"model push beta-model {served.ModelFolder(1)}")).Exits(0);
        // The project has a policy from its first moment.
        (await As("policy show")).Exits(0);
        (await As("project archive beta")).Exits(0);
        Assert.Contains("archived", (await As($"model push beta-model {served.ModelFolder(2)}")).Exits(1).Error, StringComparison.Ordinal);
        Assert.Single((await As("model list --json")).Exits(0).Json.AsArray());
        (await As("project rename beta gamma")).Exits(0);
        (await As("project restore gamma")).Exits(0);
        (await As($"model push beta-model {served.ModelFolder(2)}")).Exits(0);
        Assert.Equal(["default", "gamma"], (await As("project list --json")).Exits(0).Json.AsArray().Select(p => p!["name"]!.GetValue<string>()));
        // Nothing of it is in the first project.
        Assert.DoesNotContain("beta-model", (await RunAsync("model list")).Exits(0).Output, StringComparison.Ordinal);
        (await RunAsync("project archive gamma")).Exits(0);
        (await RunAsync("principal disable planner")).Exits(0);
    }

    [Fact]
    public async Task Organization_Made_HasItsOwnOwner_WhoSeesNothingOfTheFirst()
    {
        var made = (await RunAsync("organization create acme --owner boss --json")).Exits(0).Json;
        var boss = Path.Combine(served.Instance.Folder, "settings-boss");
        (await People.SignInAsync(boss, "login", "--token", made["token"]!.GetValue<string>(), "--server", served.Instance.Server, "--ca", served.Instance.CaFile)).Exits(0);
        Task<CommandResult> As(string words) => Instance.RunAsAsync(boss, words.Split(' '));
        Assert.Empty((await As("model list --json")).Exits(0).Json.AsArray());
        Assert.Empty((await As("endpoint list --json")).Exits(0).Json.AsArray());
        Assert.Equal(["boss"], (await As("principal list --json")).Exits(0).Json.AsArray().Select(p => p!["name"]!.GetValue<string>()));
        (await As("model show fraud")).Exits(1);
        (await As("audit tail")).Exits(1);
        (await As("organization list")).Exits(1);
        // The same name, another model.
        (await As($"model push fraud {served.ModelFolder(2)}")).Exits(0);
        Assert.Equal(1, (await As("model list --json")).Exits(0).Json.AsArray().Single()!["latest"]!.GetValue<int>());
        Assert.Contains("acme", (await RunAsync("organization list")).Exits(0).Output, StringComparison.Ordinal);
        // What happens there is in the one ledger, with its names readable to those who may read it.
        using var api = served.Instance.Api();
        Assert.Contains(await api.EventsAsync("control"), e => e["event"]?.ToJsonString().Contains("organization.create", StringComparison.Ordinal) == true);
        Assert.Contains(await api.EventsAsync("control"), e => e["personalFields"]?["name"]?.GetValue<string>() == "boss");
    }

    [Fact]
    public async Task BreakGlass_Sealed_OpensOnce_WithAnAlarm_AndIsSealedAgain()
    {
        var code = (await RunAsync("breakglass seal --life 30m --json")).Exits(0).Json["code"]!.GetValue<string>();
        (await RunAsync("breakglass show")).Exits(0);
        var settings = Path.Combine(served.Instance.Folder, "settings-glass");
        Task<CommandResult> OpenAsync() => CommandLine.RunAsync(
            PublishedProgram.Executable, ["breakglass", "open", "--server", served.Instance.Server, "--ca", served.Instance.CaFile],
            new Dictionary<string, string>(StringComparer.Ordinal) { ["MERLON_CONFIG"] = settings }, converse: async (_, input) =>
            {
                await input.WriteLineAsync(code);
                await input.FlushAsync();
                return "";
            });
        (await OpenAsync()).Exits(0);
        Assert.Contains("owner", (await Instance.RunAsAsync(settings, "whoami")).Exits(0).Output, StringComparison.Ordinal);
        (await Instance.RunAsAsync(settings, "principal", "list")).Exits(0);
        (await RunAsync("breakglass show")).Exits(1);
        Assert.Contains("break-glass-used", (await RunAsync("access review")).Exits(1).Output, StringComparison.Ordinal);
        using (var api = served.Instance.Api())
        {
            var alarm = (await api.EventsAsync("control")).Single(e => e["event"]?.ToJsonString().Contains("breakglass.open", StringComparison.Ordinal) == true)["event"]!;
            Assert.Equal(5, alarm["severity_id"]!.GetValue<int>());
        }
        (await OpenAsync()).Exits(1);
        Assert.Contains("code     mb_", (await RunAsync("breakglass seal")).Exits(0).Output, StringComparison.Ordinal);
        (await Instance.RunAsAsync(settings, "whoami")).Exits(1);
        (await RunAsync("breakglass seal --life 5h")).Exits(1);
    }

    [Fact]
    public async Task Description_OfTheRunningServer_HasItsRoutes_ForWhoIsSignedIn()
    {
        using var api = served.Instance.Api();
        var document = await api.GetAsync("openapi.json");
        var paths = document["paths"]!.AsObject();
        Assert.InRange(paths.Count, 60, 300);
        foreach (var path in (string[])["/api/v1/keys", "/api/v1/audit/{log}/events", "/api/v1/backup", "/health/ready"])
            Assert.True(paths.ContainsKey(path), $"{path} is not described.");
        Assert.DoesNotContain(paths, p => p.Key.StartsWith("/internal", StringComparison.Ordinal) || p.Key.StartsWith("/console", StringComparison.Ordinal));
        using var nobody = new ControlApi(served.Instance, token: null);
        using var refused = await nobody.SendAsync(HttpMethod.Get, "openapi.json");
        Assert.Equal(System.Net.HttpStatusCode.Unauthorized, refused.StatusCode);
    }

    [Theory]
    [InlineData("localhost", 401)]
    [InlineData("LOCALHOST:8443", 401)]
    [InlineData("127.0.0.1", 401)]
    [InlineData("[::1]:8443", 401)]
    [InlineData("attacker.example", 421)]
    [InlineData("localhost.attacker.example", 421)]
    [InlineData("169.254.169.254", 421)]
    public async Task Host_ThatIsNotOurs_GetsNothing(string host, int status)
    {
        using var connection = await RawConnection.OpenAsync(served.Instance.ControlPort, served.Instance.CaFile);
        var answer = await connection.SendAsync($"GET /api/v1/whoami HTTP/1.1\r\nHost: {host}\r\n\r\n");
        Assert.Equal(status, answer.Status);
        if (status == 421)
            Assert.Equal("host.unknown", answer.Json["code"]!.GetValue<string>());
    }

    /// <summary>What probes for health knows an address, not a name.</summary>
    [Fact]
    public async Task Health_UnderAnyName_Answers()
    {
        using var connection = await RawConnection.OpenAsync(served.Instance.ControlPort, served.Instance.CaFile);
        Assert.Equal(200, (await connection.SendAsync("GET /health/ready HTTP/1.1\r\nHost: 10.1.2.3:8443\r\n\r\n")).Status);
    }
}
