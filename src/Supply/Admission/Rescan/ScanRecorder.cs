using System.Text.Json;
using Merlon.Admission.Admit;
using Merlon.Admission.Gates;
using Merlon.Admission.Model;
using Merlon.Admission.Policy;
using Merlon.Admission.Storage;
using Merlon.Kernel;
using Merlon.Registry.Contracts;
using Merlon.Scanning.Contracts;

namespace Merlon.Admission.Rescan;

/// <summary>Keeps the newest scan of a version.</summary>
internal static class ScanRecorder
{
    /// <summary>The rest are the same story; the count is in the event.</summary>
    private const int KeptFindings = 50;

    /// <summary>Adds or replaces the record; the caller commits. Returns what was known before.</summary>
    public static async Task<Verdict?> PutAsync(AdmissionDb db, ModelVersionInfo version, PolicyDocument policy, ScanReport report, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var (rules, verdict) = (ScanPolicy.RulesOf(policy.ScanPolicy?.Policy), VerdictOf(policy, report));
        var findings = JsonSerializer.Serialize([.. report.Findings.OrderByDescending(f => f.Severity).Take(KeptFindings)], GateJson.Default.ListFinding);
        if (await db.Scans.FindAsync([version.Id], cancellationToken) is not { } known)
        {
            db.Scans.Add(new VersionScan
            {
                VersionId = version.Id,
                Manifest = version.Manifest,
                Rules = rules,
                Verdict = verdict,
                FindingsJson = findings,
                ScannedAt = now,
            });
            return null;
        }
        var before = known.Verdict;
        (known.Rules, known.Verdict, known.FindingsJson, known.ScannedAt) = (rules, verdict, findings, now);
        return before;
    }

    /// <summary>The verdict in the most open environment of the project: a block says that it may run nowhere.</summary>
    public static Verdict VerdictOf(PolicyDocument policy, ScanReport report) =>
        FormatRules.Apply(policy.MostFormats, report.Findings).Select(finding => finding.Severity).DefaultIfEmpty(Verdict.Pass).Max();
}
