using System.Text.Json;
using Merlon.Admission.Admit;
using Merlon.Admission.Model;
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
    public static async Task<Verdict?> PutAsync(AdmissionDb db, ModelVersionInfo version, ScanReport report, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var findings = JsonSerializer.Serialize([.. report.Findings.OrderByDescending(f => f.Severity).Take(KeptFindings)], GateJson.Default.ListFinding);
        if (await db.Scans.FindAsync([version.Id], cancellationToken) is not { } known)
        {
            db.Scans.Add(new VersionScan
            {
                VersionId = version.Id,
                Manifest = version.Manifest,
                Rules = ScanRules.Digest,
                Verdict = report.Verdict,
                FindingsJson = findings,
                ScannedAt = now,
            });
            return null;
        }
        var before = known.Verdict;
        (known.Rules, known.Verdict, known.FindingsJson, known.ScannedAt) = (ScanRules.Digest, report.Verdict, findings, now);
        return before;
    }
}
