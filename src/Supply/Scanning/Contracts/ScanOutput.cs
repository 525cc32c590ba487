using System.Text.Json.Nodes;
using Merlon.Scanning.Reports;

namespace Merlon.Scanning.Contracts;

/// <summary>The forms in which reports are given out.</summary>
public static class ScanOutput
{
    public static JsonObject Json(IReadOnlyList<ContentScanReport> reports, ScanPolicy? policy = null) => JsonForm.Write(reports, policy);

    /// <summary>SARIF 2.1.0 (OASIS), for code-scanning services.</summary>
    public static JsonObject Sarif(IReadOnlyList<ContentScanReport> reports, ScanPolicy? policy = null) => SarifForm.Write(reports, policy);

    /// <summary>For people: what, where, why, and what to do about it.</summary>
    public static string Text(IReadOnlyList<ContentScanReport> reports) => TextForm.Write(reports);
}
