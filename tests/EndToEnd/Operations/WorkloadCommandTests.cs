using System.Security.Cryptography.X509Certificates;
using Merlon.EndToEnd.Tests.Installation;

namespace Merlon.EndToEnd.Tests.Operations;

/// <summary>Machines with certificates and private endpoints, from enrolment to revocation, as the command line and curl meet them.</summary>
[Collection(ServedInstallation.Collection)]
public sealed class WorkloadCommandTests(ServedInstallation served)
{
    private Task<CommandResult> RunAsync(string words) => served.Instance.RunAsync(words.Split(' '));

    private string FolderOf(string name) => Path.Combine(served.Instance.Folder, name);

    /// <summary>The status of a call with the certificate in a folder, with a key, or with neither.</summary>
    private async Task<string> CallAsync(string endpoint, string? folder = null, string? key = null)
    {
        List<string> words = ["-s", "-o", "/dev/null", "-w", "%{http_code}", "--cacert", served.Instance.CaFile, "-H", "Content-Type: application/json", "-d", SampleModels.Request()];
        if (folder is not null)
            words.AddRange(["--cert", Path.Combine(folder, "cert.pem"), "--key", Path.Combine(folder, "key.pem")]);
        if (key is not null)
            words.AddRange(["-H", "Authorization: Bearer " + key]);
        words.Add($"https://localhost:{served.Instance.GatewayPort}/v2/models/{endpoint}/infer");
        return (await CommandLine.RunAsync("/usr/bin/curl", words)).Exits(0).Output;
    }

    private static string SerialOf(string folder)
    {
        using var certificate = X509Certificate2.CreateFromPem(File.ReadAllText(Path.Combine(folder, "cert.pem")));
        return certificate.SerialNumber;
    }

    private async Task<System.Text.Json.Nodes.JsonNode> ListedAsync(string name) =>
        (await RunAsync("workload list --json")).Exits(0).Json.AsArray().Single(w => w!["name"]!.GetValue<string>() == name)!;

    [Fact]
    public async Task Workload_Enrolled_Calls_RenewsItself_AndIsRevokedAtOnce()
    {
        var folder = FolderOf("scorer");
        var enrolled = (await RunAsync($"workload enrol scorer --out {folder} --life 1h --json")).Exits(0).Json;
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, new FileInfo(Path.Combine(folder, "key.pem")).ResolveLinkTarget(returnFinalTarget: true)!.UnixFileMode);
        (await RunAsync($"workload enrol scorer --out {folder}")).Exits(1);
        Assert.Equal(1, (await ListedAsync("scorer"))["certificates"]!.GetValue<int>());
        // A certificate alone allows nothing.
        Assert.NotEqual("200", await CallAsync("fraud", folder));
        (await RunAsync("binding add caller workload:scorer --on endpoint/fraud")).Exits(0);
        Assert.Equal("200", await CallAsync("fraud", folder));
        Assert.NotEqual("200", await CallAsync("other", folder));
        Assert.Equal("401", await CallAsync("fraud"));

        var before = SerialOf(folder);
        (await RunAsync($"workload renew --out {folder}")).Exits(0);
        Assert.NotEqual(before, SerialOf(folder));
        Assert.Equal("200", await CallAsync("fraud", folder));
        Assert.Equal(2, (await ListedAsync("scorer"))["certificates"]!.GetValue<int>());
        // By a person, who needs no certificate of before.
        before = SerialOf(folder);
        Assert.Equal(enrolled["spiffeId"]!.GetValue<string>(), (await RunAsync($"workload renew scorer --out {folder} --json")).Exits(0).Json["spiffeId"]!.GetValue<string>());
        Assert.NotEqual(before, SerialOf(folder));
        Assert.Equal("200", await CallAsync("fraud", folder));

        Assert.Contains("at every gateway", (await RunAsync("workload revoke scorer")).Exits(0).Output, StringComparison.Ordinal);
        Assert.NotEqual("200", await CallAsync("fraud", folder));
        (await RunAsync($"workload renew --out {folder}")).Exits(1);
        (await RunAsync("workload revoke scorer")).Exits(1);
        Assert.NotNull((await ListedAsync("scorer"))["revokedAt"]);
    }

    [Fact]
    public async Task Workload_OfADisabledPerson_CallsNoMore()
    {
        var maker = await served.Instance.SignInAsAsync("machine-maker", "owner");
        var folder = FolderOf("orphan");
        (await Instance.RunAsAsync(maker, "workload", "enrol", "orphan", "--out", folder)).Exits(0);
        (await RunAsync("binding add caller workload:orphan --on endpoint/fraud")).Exits(0);
        Assert.Equal("200", await CallAsync("fraud", folder));
        (await RunAsync("principal disable machine-maker")).Exits(0);
        Assert.NotEqual("200", await CallAsync("fraud", folder));
    }

    [Fact]
    public async Task Endpoint_Restricted_IsNotThereForOthers_AndOpenAgainWhenCleared()
    {
        var folder = FolderOf("inside");
        (await RunAsync($"workload enrol inside --out {folder}")).Exits(0);
        (await RunAsync("binding add caller workload:inside --on endpoint/other")).Exits(0);
        // Closed, it is answered exactly as one that does not exist.
        var noneByKey = await CallAsync("no-such-endpoint", key: served.OtherKey);
        var noneByCertificate = await CallAsync("no-such-endpoint", folder);
        Assert.Equal(("200", "200"), (await CallAsync("other", key: served.OtherKey), await CallAsync("other", folder)));
        Assert.False(noneByKey == "200" || noneByCertificate == "200");
        try
        {
            (await RunAsync("endpoint restrict other --mtls")).Exits(0);
            var shown = (await RunAsync("endpoint show other --json")).Exits(0).Json;
            Assert.True(shown["mtls"]!.GetValue<bool>());
            Assert.Contains("required", (await RunAsync("endpoint show other")).Exits(0).Output, StringComparison.Ordinal);
            Assert.Equal(noneByKey, await CallAsync("other", key: served.OtherKey));
            Assert.Equal("200", await CallAsync("other", folder));
            (await RunAsync("endpoint restrict other --network 192.0.2.0/24")).Exits(0);
            Assert.Equal(noneByCertificate, await CallAsync("other", folder));
            Assert.Equal(noneByKey, await CallAsync("other", key: served.OtherKey));
            (await RunAsync("endpoint restrict other --network 127.0.0.0/8")).Exits(0);
            Assert.Equal("200", await CallAsync("other", key: served.OtherKey));
            (await RunAsync("endpoint restrict other --network elsewhere")).Exits(1);
            (await RunAsync("endpoint restrict other")).Exits(2);
        }
        finally
        {
            (await RunAsync("endpoint restrict other --clear")).Exits(0);
        }
        Assert.Equal("200", await CallAsync("other", key: served.OtherKey));
        Assert.False((await RunAsync("endpoint show other --json")).Exits(0).Json["mtls"]!.GetValue<bool>());
        (await RunAsync("workload revoke inside")).Exits(0);
    }
}
