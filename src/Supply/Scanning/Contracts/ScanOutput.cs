using System.Text.Json.Nodes;
using Merlon.Scanning.Content;
using Merlon.Scanning.Reports;

namespace Merlon.Scanning.Contracts;

/// <summary>The forms in which reports are given out.</summary>
public static class ScanOutput
{
    /// <summary>Tells by which rules a verdict came.</summary>
    public static string RulesDigest => RuleCatalog.Digest;

    public static JsonObject Json(IReadOnlyList<ContentScanReport> reports) => JsonForm.Write(reports);

    /// <summary>SARIF 2.1.0 (OASIS), for code-scanning services.</summary>
    public static JsonObject Sarif(IReadOnlyList<ContentScanReport> reports) => SarifForm.Write(reports);

    /// <summary>For people: what, where, why, and what to do about it.</summary>
    public static string Text(IReadOnlyList<ContentScanReport> reports) => TextForm.Write(reports);
}
