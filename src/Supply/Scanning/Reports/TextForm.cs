using System.Globalization;
using System.Text;
using Merlon.Kernel;
using Merlon.Scanning.Content;
using Merlon.Scanning.Contracts;

namespace Merlon.Scanning.Reports;

/// <summary>The report for people: a line per file, and for each finding what it is, where, why it matters and what to do.</summary>
internal static class TextForm
{
    private const int ShownPerFile = 8;

    public static string Write(IReadOnlyList<ContentScanReport> reports)
    {
        var text = new StringBuilder();
        foreach (var report in reports)
            Append(text, report);
        var blocked = reports.Count(report => report.Verdict == Verdict.Block);
        var warned = reports.Count(report => report.Verdict == Verdict.Warn);
        text.Append(CultureInfo.InvariantCulture, $"{reports.Count} {(reports.Count == 1 ? "file" : "files")}: {blocked} blocked, {warned} with warnings, ");
        text.Append(CultureInfo.InvariantCulture, $"{reports.Count - blocked - warned} passed. Isolation of the parsers: {JsonForm.Isolation(reports)}.\n");
        return text.ToString();
    }

    private static void Append(StringBuilder text, ContentScanReport report)
    {
        text.Append(CultureInfo.InvariantCulture, $"{JsonForm.Name(report.Verdict),-5}  {Text.Printable(report.Path, 1000)}  ({report.Format})\n");
        var explained = new HashSet<string>(StringComparer.Ordinal);
        foreach (var finding in report.Findings.OrderByDescending(finding => finding.Severity).Take(ShownPerFile))
        {
            text.Append(CultureInfo.InvariantCulture, $"       {JsonForm.Name(finding.Severity)}: {finding.Message} [{finding.Rule}]\n");
            if (finding.Location is not null && finding.Location != report.Path)
                text.Append(CultureInfo.InvariantCulture, $"         where: {finding.Location}\n");
            if (!explained.Add(finding.Rule))
                continue;
            var rule = RuleCatalog.Find(finding.Rule);
            if (rule is not null)
                text.Append(CultureInfo.InvariantCulture, $"         why:   {rule.Why}\n");
            if ((finding.Remedy ?? rule?.Remedy) is { } remedy)
                text.Append(CultureInfo.InvariantCulture, $"         fix:   {remedy}\n");
        }
        if (report.Findings.Length > ShownPerFile)
            text.Append(CultureInfo.InvariantCulture, $"       and {report.Findings.Length - ShownPerFile} more; all of them: --format json\n");
    }
}
