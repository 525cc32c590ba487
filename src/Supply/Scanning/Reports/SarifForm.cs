using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Merlon.Kernel;
using Merlon.Scanning.Content;
using Merlon.Scanning.Contracts;

namespace Merlon.Scanning.Reports;

/// <summary>SARIF 2.1.0. A path is the only thing a result is about: model files have no lines.</summary>
internal static class SarifForm
{
    /// <summary>Results of one run that code-scanning services take.</summary>
    public const int MaxResults = 25_000;

    public static JsonObject Write(IReadOnlyList<ContentScanReport> reports, ScanPolicy? policy)
    {
        var findings = reports.SelectMany(report => report.Findings.Select(finding => (report.Path, Finding: finding))).ToArray();
        // What blocks is kept when not everything can be.
        var kept = findings.Length <= MaxResults ? findings : [.. findings.OrderByDescending(item => item.Finding.Severity).Take(MaxResults)];
        var rules = kept.Select(item => item.Finding.Rule).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).ToArray();
        var index = rules.Index().ToDictionary(item => item.Item, item => item.Index, StringComparer.Ordinal);
        return new JsonObject
        {
            ["$schema"] = "https://json.schemastore.org/sarif-2.1.0.json",
            ["version"] = "2.1.0",
            ["runs"] = new JsonArray(new JsonObject
            {
                ["tool"] = new JsonObject { ["driver"] = Driver(rules) },
                ["columnKind"] = "utf16CodeUnits",
                ["properties"] = new JsonObject { ["rulesDigest"] = ScanPolicy.RulesOf(policy).ToString(), ["isolation"] = JsonForm.Isolation(reports), ["omittedResults"] = findings.Length - kept.Length },
                ["results"] = new JsonArray([.. kept.Select(item => Result(item.Path, item.Finding, index[item.Finding.Rule]))]),
            }),
        };
    }

    private static JsonObject Driver(string[] rules) => new()
    {
        ["name"] = "merlon",
        ["semanticVersion"] = typeof(SarifForm).Assembly.GetName().Version!.ToString(3),
        ["rules"] = new JsonArray([.. rules.Select(Rule)]),
    };

    private static JsonObject Rule(string id)
    {
        var rule = RuleCatalog.Find(id);
        var json = new JsonObject { ["id"] = id, ["shortDescription"] = Message(rule?.Title ?? id) };
        if (rule is null)
            return json;
        json["fullDescription"] = Message(rule.Why);
        json["help"] = Message($"{rule.Why} {rule.Remedy}");
        var tags = new JsonArray("security");
        if (rule.Cwe > 0)
            tags.Add("external/cwe/cwe-" + rule.Cwe.ToString("000", CultureInfo.InvariantCulture));
        if (rule.Atlas is not null)
            tags.Add(rule.Atlas);
        json["properties"] = new JsonObject { ["tags"] = tags };
        return json;
    }

    private static JsonObject Result(string path, Finding finding, int ruleIndex)
    {
        var json = PlainResult(path, finding, ruleIndex);
        // 3.27.23: what is excused stays in the file, and services show it as such.
        if (finding.Suppressed is { } suppressed)
            json["suppressions"] = new JsonArray(new JsonObject { ["kind"] = "external", ["status"] = "accepted", ["justification"] = suppressed.Reason });
        return json;
    }

    private static JsonObject PlainResult(string path, Finding finding, int ruleIndex) => new()
    {
        ["ruleId"] = finding.Rule,
        ["ruleIndex"] = ruleIndex,
        ["level"] = (finding.Suppressed?.Severity ?? finding.Severity) == Verdict.Block ? "error" : "warning",
        ["message"] = Message(finding.Message),
        ["locations"] = new JsonArray(new JsonObject
        {
            ["physicalLocation"] = new JsonObject { ["artifactLocation"] = new JsonObject { ["uri"] = Uri(path) } },
            ["logicalLocations"] = new JsonArray(new JsonObject { ["fullyQualifiedName"] = finding.Location ?? path }),
        }),
        ["partialFingerprints"] = new JsonObject { ["merlon/v1"] = Fingerprint(path, finding) },
    };

    /// <summary>The same finding in the next run has the same fingerprint, although bytes before it may have moved.</summary>
    private static string Fingerprint(string path, Finding finding)
    {
        var place = finding.Location ?? path;
        if (FindingPlace.Offset(place) is not null)
            place = place[..place.LastIndexOf('@')];
        return Digest.Of(Encoding.UTF8.GetBytes($"{finding.Rule}\n{place}\n{finding.Message}")).Hex[..32];
    }

    private static string Uri(string path) => string.Join('/', path.Split('/').Select(System.Uri.EscapeDataString));

    private static JsonObject Message(string text) => new() { ["text"] = text };
}
