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
        var suppressed = reports.Sum(report => report.Findings.Count(finding => finding.Suppressed is not null));
        text.Append(CultureInfo.InvariantCulture, $"{reports.Count - blocked - warned} passed.{(suppressed > 0 ? $" The policy suppressed {suppressed} of the findings." : "")} Isolation of the parsers: {JsonForm.Isolation(reports)}.\n");
        return text.ToString();
    }

    private static void Append(StringBuilder text, ContentScanReport report)
    {
        text.Append(CultureInfo.InvariantCulture, $"{JsonForm.Name(report.Verdict),-5}  {Text.Printable(report.Path, 1000)}  ({report.Format})\n");
        var explained = new HashSet<string>(StringComparer.Ordinal);
        // What is excused is always shown: an excuse that nobody sees is a hole.
        var counted = report.Findings.Where(finding => finding.Suppressed is null).OrderByDescending(finding => finding.Severity).ToArray();
        foreach (var finding in counted.Take(ShownPerFile))
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
        if (counted.Length > ShownPerFile)
            text.Append(CultureInfo.InvariantCulture, $"       and {counted.Length - ShownPerFile} more; all of them: --format json\n");
        foreach (var finding in report.Findings)
        {
            if (finding.Suppressed is { } suppressed)
                text.Append(CultureInfo.InvariantCulture, $"       suppressed: {finding.Message} [{finding.Rule}]\n         where:  {finding.Location ?? report.Path}\n         reason: {suppressed.Reason}\n");
        }
    }
}
