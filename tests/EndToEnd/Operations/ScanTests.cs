using System.Text.Json.Nodes;

namespace Merlon.EndToEnd.Tests.Operations;

/// <summary><c>merlon scan</c> as a pipeline uses it: no server, files and folders, three forms of report, four exit codes.</summary>
public sealed class ScanTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("merlon-scan-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData()]
    [InlineData("--no-sandbox")]
    public async Task Scan_Folder_GivesOneResultPerFile(params string[] more)
    {
        await File.WriteAllTextAsync(Path("a.json"), "{\"auto_map\":1}");
        await File.WriteAllBytesAsync(Path("b.bin"), [1, 2, 3]);
        await File.WriteAllTextAsync(Path("c.md"), "# fine");
        File.CreateSymbolicLink(Path("d"), "/etc/passwd");
        var result = (await Instance.RunAsAsync(_folder, ["scan", _folder, "--json", .. more])).Exits(1);
        var json = JsonNode.Parse(result.Output)!;
        Assert.Equal(["warn", "block", "pass", "block"], json["results"]!.AsArray().Select(item => item!["verdict"]!.GetValue<string>()));
        Assert.Equal(["json", "unknown", "text", "unknown"], json["results"]!.AsArray().Select(item => item!["format"]!.GetValue<string>()));
        Assert.Equal("file.symbolic-link", json["results"]![3]!["findings"]![0]!["rule"]!.GetValue<string>());
        Assert.Equal(more.Length > 0, json["isolation"]!.GetValue<string>().Contains("missing: sandbox", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Scan_ExitCodes_SayWhatHappened()
    {
        await File.WriteAllTextAsync(Path("fine.txt"), "fine");
        (await Instance.RunAsAsync(_folder, "scan", Path("fine.txt"))).Exits(0);
        (await Instance.RunAsAsync(_folder, "scan")).Exits(2);
        (await Instance.RunAsAsync(_folder, "scan", Path("fine.txt"), "--format", "xml")).Exits(2);
        (await Instance.RunAsAsync(_folder, "scan", Path("gone.txt"))).Exits(3);
    }

    [Fact]
    public async Task Scan_OutputFile_HoldsTheSarif()
    {
        await File.WriteAllTextAsync(Path("k.txt"), "-----BEGIN PRIVATE KEY-----");
        (await Instance.RunAsAsync(_folder, "scan", Path("k.txt"), "--format", "sarif", "--output", Path("out.sarif"))).Exits(1);
        var sarif = JsonNode.Parse(await File.ReadAllTextAsync(Path("out.sarif")))!;
        Assert.Equal("file.secret", sarif["runs"]![0]!["results"]![0]!["ruleId"]!.GetValue<string>());
    }

    private const string Policy = "version: 1\nname: team\nsuppress:\n  - rule: text.python\n    reason: Reviewed.\nraise:\n  - rule: file.remote-code\n    reason: Not here.\n"
        + "names:\n  - library: own\n    versions: 1 to 2\n    reason: Reviewed.\n    use: call\n    module: own.models\n    allow: [Scorer]\n";

    private async Task<(string Public, string Signed)> SignAsync(string policy)
    {
        using var key = System.Security.Cryptography.ECDsa.Create(System.Security.Cryptography.ECCurve.NamedCurves.nistP256);
        await File.WriteAllTextAsync(Path("key.pem"), key.ExportECPrivateKeyPem());
        await File.WriteAllTextAsync(Path("public.pem"), key.ExportSubjectPublicKeyInfoPem());
        await File.WriteAllTextAsync(Path("policy.yaml"), policy);
        (await Instance.RunAsAsync(_folder, "scan", "policy", "sign", "--key", Path("key.pem"), Path("policy.yaml"))).Exits(0);
        return (Path("public.pem"), Path("policy.yaml.signed.json"));
    }

    [Fact]
    public async Task Scan_SignedPolicy_AddsNamesAndChangesRules_AndShowsWhatItSuppressed()
    {
        var (key, signed) = await SignAsync(Policy);
        Assert.Contains("own.models.Scorer", (await Instance.RunAsAsync(_folder, "scan", "policy", "show", signed, "--policy-key", key)).Exits(0).Output, StringComparison.Ordinal);
        var models = Directory.CreateDirectory(Path("models")).FullName;
        await File.WriteAllTextAsync(Path("models/a.json"), "{\"auto_map\":1}");
        await File.WriteAllTextAsync(Path("models/b.py"), "import os\n");
        await File.WriteAllBytesAsync(Path("models/c.pkl"), "\u0080\u0004cown.models\nScorer\n)R."u8.ToArray().Where(b => b != 0xC2).ToArray());
        Assert.Equal(["warn", "warn", "block"], Verdicts((await Instance.RunAsAsync(_folder, "scan", models, "--json")).Exits(1).Output));
        var json = (await Instance.RunAsAsync(_folder, "scan", models, "--json", "--policy", signed, "--policy-key", key)).Exits(1).Output;
        Assert.Equal(["block", "pass", "pass"], Verdicts(json));
        Assert.Equal("Reviewed.", JsonNode.Parse(json)!["results"]![1]!["findings"]![0]!["suppressed"]!["reason"]!.GetValue<string>());
        Assert.Contains("suppressed: ", (await Instance.RunAsAsync(_folder, "scan", Path("models/b.py"), "--policy", signed, "--policy-key", key)).Exits(0).Output, StringComparison.Ordinal);

        static IEnumerable<string> Verdicts(string text) => JsonNode.Parse(text)!["results"]!.AsArray().Select(item => item!["verdict"]!.GetValue<string>());
    }

    [Fact]
    public async Task Scan_PolicyThatCannotBeTaken_IsAnErrorWithItsReasonAndScansNothing()
    {
        var (key, signed) = await SignAsync(Policy);
        await File.WriteAllTextAsync(Path("fine.txt"), "fine");
        async Task RefusedAsync(string reason, params string[] more)
        {
            var result = (await Instance.RunAsAsync(_folder, ["scan", Path("fine.txt"), .. more])).Exits(2);
            Assert.Contains(reason, result.Error, StringComparison.Ordinal);
            Assert.Equal("", result.Output);
        }
        await RefusedAsync("--policy-key", "--policy", signed);
        await RefusedAsync("--policy", "--policy-key", key);
        await RefusedAsync("signature.envelope", "--policy", Path("policy.yaml"), "--policy-key", key);
        await RefusedAsync("private key", "--policy", signed, "--policy-key", Path("key.pem"));
        var envelope = JsonNode.Parse(await File.ReadAllTextAsync(signed))!;
        envelope["payload"] = Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes(Policy.Replace("own.models", "other", StringComparison.Ordinal)));
        await File.WriteAllTextAsync(Path("changed.json"), envelope.ToJsonString());
        await RefusedAsync("signature.untrusted", "--policy", Path("changed.json"), "--policy-key", key);
        File.CreateSymbolicLink(Path("link.json"), signed);
        await RefusedAsync("scan-policy.file", "--policy", Path("link.json"), "--policy-key", key);
        await File.WriteAllBytesAsync(Path("huge.json"), new byte[2_000_000]);
        await RefusedAsync("scan-policy.size", "--policy", Path("huge.json"), "--policy-key", key);
        // From inside of what is scanned, also by another way into it.
        File.CreateSymbolicLink(Path("../" + System.IO.Path.GetFileName(_folder) + "/again"), _folder);
        var inside = (await Instance.RunAsAsync(_folder, "scan", _folder, "--policy", Path("again/policy.yaml.signed.json"), "--policy-key", key)).Exits(2);
        Assert.Contains("scan-policy.inside", inside.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("names: []\nnames: []\n")]
    [InlineData("allow_all: true\n")]
    [InlineData("names:\n  - library: own\n    versions: all\n    reason: x\n    module: os\n    allow: [system]\n")]
    [InlineData("suppress:\n  - rule: pickle.call\n    reason: x\n")]
    public async Task Sign_PolicyThatCannotBe_IsRefused(string more)
    {
        await File.WriteAllTextAsync(Path("policy.yaml"), "version: 1\nname: team\n" + more);
        using var key = System.Security.Cryptography.ECDsa.Create(System.Security.Cryptography.ECCurve.NamedCurves.nistP256);
        await File.WriteAllTextAsync(Path("key.pem"), key.ExportECPrivateKeyPem());
        Assert.Contains("scan-policy.invalid", (await Instance.RunAsAsync(_folder, "scan", "policy", "sign", "--key", Path("key.pem"), Path("policy.yaml"))).Exits(2).Error, StringComparison.Ordinal);
        Assert.False(File.Exists(Path("policy.yaml.signed.json")));
    }

    private string Path(string name) => System.IO.Path.Combine(_folder, name);
}
