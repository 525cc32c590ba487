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

    private string Path(string name) => System.IO.Path.Combine(_folder, name);
}
