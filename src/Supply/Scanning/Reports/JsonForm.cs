using System.Text.Json.Nodes;
using Merlon.Kernel;
using Merlon.Scanning.Content;
using Merlon.Scanning.Contracts;

namespace Merlon.Scanning.Reports;

/// <summary>The JSON form: one result per file.</summary>
internal static class JsonForm
{
    public static JsonObject Write(IReadOnlyList<ContentScanReport> reports, ScanPolicy? policy)
    {
        var json = new JsonObject
        {
            ["results"] = new JsonArray([.. reports.Select(Result)]),
            ["rulesDigest"] = ScanPolicy.RulesOf(policy).ToString(),
            ["isolation"] = Isolation(reports),
        };
        if (policy is not null)
            json["policy"] = new JsonObject { ["name"] = policy.Name, ["digest"] = policy.Digest.ToString() };
        return json;
    }

    public static string Name(Verdict verdict) => verdict switch
    {
        Verdict.Pass => "pass",
        Verdict.Warn => "warn",
        _ => "block",
    };

    /// <summary>The weakest isolation that any of the files had.</summary>
    public static string Isolation(IReadOnlyList<ContentScanReport> reports) =>
        reports.Select(report => report.Isolation).Where(isolation => isolation.Length > 0).OrderByDescending(isolation => isolation != "full").FirstOrDefault() ?? "none";

    private static JsonObject Result(ContentScanReport report) => new()
    {
        ["path"] = report.Path,
        ["format"] = report.Format,
        ["verdict"] = Name(report.Verdict),
        ["findings"] = new JsonArray([.. report.Findings.Select(Finding)]),
    };

    private static JsonObject Finding(Finding finding)
    {
        var json = new JsonObject
        {
            ["rule"] = finding.Rule,
            ["severity"] = Name(finding.Suppressed?.Severity ?? finding.Severity),
            ["message"] = finding.Message,
            ["location"] = finding.Location,
        };
        if (finding.Suppressed is { } suppressed)
            json["suppressed"] = new JsonObject { ["reason"] = suppressed.Reason };
        if (FindingPlace.Offset(finding.Location) is { } offset)
            json["offset"] = offset;
        var rule = RuleCatalog.Find(finding.Rule);
        if (rule?.Atlas is { } atlas)
            json["atlas"] = atlas;
        if (rule is { Cwe: > 0 })
            json["cwe"] = "CWE-" + rule.Cwe.ToString(System.Globalization.CultureInfo.InvariantCulture);
        if (rule is not null)
            json["why"] = rule.Why;
        if ((finding.Remedy ?? rule?.Remedy) is { } remedy)
            json["remedy"] = remedy;
        return json;
    }
}
