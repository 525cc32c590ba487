using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Merlon.Kernel;
using Merlon.Scanning.Content;
using Merlon.Scanning.Contracts;
using Merlon.Scanning.Reports;

namespace Merlon.Scanning.Tests.Content;

public sealed partial class ScanOutputTests
{
    private static ContentScanReport Report(string path, params Finding[] findings) => new() { Path = path, Format = "gguf", Findings = [.. findings], Isolation = "full" };

    private static readonly ContentScanReport[] s_reports =
    [
        Report("a b/ü.gguf", new Finding("gguf.hole", Verdict.Block, "Hidden.", "a b/ü.gguf@12"), new Finding("gguf.stray-template", Verdict.Warn, "Odd.", "a b/ü.gguf", "Remove it now.")),
        Report("fine.gguf") with { Isolation = "reduced (missing: sandbox)" },
        Report("warned.gguf", new Finding("gguf.stray-template", Verdict.Warn, "Odd.")),
    ];

    [Fact]
    public void Json_HasTheFieldsThatPipelinesRead()
    {
        var json = ScanOutput.Json(s_reports);
        Assert.Equal(["block", "pass", "warn"], json["results"]!.AsArray().Select(result => result!["verdict"]!.GetValue<string>()));
        var finding = json["results"]![0]!["findings"]![0]!;
        Assert.Equal(("gguf.hole", "block", "Hidden.", "a b/ü.gguf@12", 12L), (finding["rule"]!.GetValue<string>(), finding["severity"]!.GetValue<string>(),
            finding["message"]!.GetValue<string>(), finding["location"]!.GetValue<string>(), finding["offset"]!.GetValue<long>()));
        Assert.Equal(("CWE-1284", "AML.T0011.000"), (finding["cwe"]!.GetValue<string>(), finding["atlas"]!.GetValue<string>()));
        Assert.Equal("Remove it now.", json["results"]![0]!["findings"]![1]!["remedy"]!.GetValue<string>());
        Assert.Equal("reduced (missing: sandbox)", json["isolation"]!.GetValue<string>());
        Assert.StartsWith("sha256:", json["rulesDigest"]!.GetValue<string>(), StringComparison.Ordinal);
    }

    [Fact]
    public void Text_TellsWhatWhereWhyAndHow()
    {
        var text = ScanOutput.Text(s_reports);
        foreach (var part in (string[])["block  a b/ü.gguf", "Hidden. [gguf.hole]", "where: a b/ü.gguf@12", "why:", "fix:   Remove it now.", "3 files: 1 blocked, 1 with warnings, 1 passed.", "reduced (missing: sandbox)"])
            Assert.Contains(part, text, StringComparison.Ordinal);
    }

    // The properties that SARIF 2.1.0 requires, by section.
    [Fact]
    public void Sarif_HasWhatTheSpecificationRequires()
    {
        var sarif = JsonNode.Parse(ScanOutput.Sarif(s_reports).ToJsonString())!;
        Assert.Equal("2.1.0", sarif["version"]!.GetValue<string>()); // 3.13.2
        var run = Assert.Single(sarif["runs"]!.AsArray())!; // 3.13.4
        var driver = run["tool"]!["driver"]!; // 3.18.2
        Assert.False(string.IsNullOrEmpty(driver["name"]!.GetValue<string>())); // 3.19.8
        var rules = driver["rules"]!.AsArray();
        Assert.Equal(["gguf.hole", "gguf.stray-template"], rules.Select(rule => rule!["id"]!.GetValue<string>())); // 3.49.3
        Assert.All(rules, rule => Assert.False(string.IsNullOrEmpty(rule!["help"]!["text"]!.GetValue<string>())));
        var results = run["results"]!.AsArray();
        Assert.Equal(3, results.Count);
        foreach (var result in results)
        {
            var index = result!["ruleIndex"]!.GetValue<int>();
            Assert.Equal(rules[index]!["id"]!.GetValue<string>(), result["ruleId"]!.GetValue<string>()); // 3.27.6
            Assert.Contains(result["level"]!.GetValue<string>(), (string[])["error", "warning"]); // 3.27.10
            Assert.False(string.IsNullOrEmpty(result["message"]!["text"]!.GetValue<string>())); // 3.27.11
            var uri = result["locations"]![0]!["physicalLocation"]!["artifactLocation"]!["uri"]!.GetValue<string>();
            Assert.Matches(UriReference(), uri); // 3.4.3
            Assert.False(string.IsNullOrEmpty(result["partialFingerprints"]!["merlon/v1"]!.GetValue<string>())); // 3.27.17
        }
    }

    [Fact]
    public void Sarif_FingerprintStaysWhenBytesMove()
    {
        static string Of(string location) => ScanOutput.Sarif([Report("m", new Finding("gguf.hole", Verdict.Block, "Hidden.", location))])["runs"]![0]!["results"]![0]!["partialFingerprints"]!["merlon/v1"]!.GetValue<string>();
        Assert.Equal(Of("m@1"), Of("m@2"));
        Assert.NotEqual(Of("m@1"), Of("n@1"));
    }

    [Fact]
    public void Sarif_ResultsAtAndOverTheBound_KeepWhatBlocks()
    {
        static ContentScanReport[] Many(int warnings) => [Report("m", [.. Enumerable.Range(0, warnings).Select(i => new Finding("gguf.stray-template", Verdict.Warn, $"{i}"))]), Report("n", new Finding("gguf.hole", Verdict.Block, "x"))];
        Assert.Equal(SarifForm.MaxResults, ScanOutput.Sarif(Many(SarifForm.MaxResults - 1))["runs"]![0]!["results"]!.AsArray().Count);
        var run = ScanOutput.Sarif(Many(SarifForm.MaxResults))["runs"]![0]!;
        Assert.Equal(SarifForm.MaxResults, run["results"]!.AsArray().Count);
        Assert.Equal("error", run["results"]![0]!["level"]!.GetValue<string>());
        Assert.Equal(1, run["properties"]!["omittedResults"]!.GetValue<int>());
    }

    [Fact]
    public void Catalog_IsCompleteAndWellFormed()
    {
        Assert.Equal(RuleCatalog.All.Count, RuleCatalog.All.Select(rule => rule.Id).Distinct(StringComparer.Ordinal).Count());
        Assert.All(RuleCatalog.All, rule => Assert.True(RuleId().IsMatch(rule.Id) && rule.Title.Length > 0 && rule.Why.Length > 0 && rule.Remedy.Length > 0, rule.Id));
    }

    [GeneratedRegex("^[A-Za-z0-9._~%!$&'()*+,;=:@/-]+$", RegexOptions.NonBacktracking)]
    private static partial Regex UriReference();

    [GeneratedRegex("^[a-z0-9]+(\\.[a-z0-9-]+)+$", RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex RuleId();
}
