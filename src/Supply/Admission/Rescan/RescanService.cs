using Merlon.Access.Contracts;
using Merlon.Admission.Contracts;
using Merlon.Admission.Policy;
using Merlon.Admission.Storage;
using Merlon.Kernel;
using Merlon.Registry.Contracts;
using Merlon.Scanning.Contracts;
using Microsoft.EntityFrameworkCore;

namespace Merlon.Admission.Rescan;

/// <summary>
/// Scans again what was last scanned under other rules. Where it stands is in the table, so a stop loses nothing. A version that is blocked now cannot be
/// deployed or rolled back to: the gates ask the scanner each time.
/// </summary>
internal sealed class RescanService(
    AdmissionDb db, IRegistry registry, IDeployedVersions deployed, IScanDispatcher scanner, ControlEvents events, TimeProvider time)
{
    /// <summary>A new version is scanned by its gates, usually at once; one that nobody admits is looked at after this time.</summary>
    internal static readonly TimeSpan GraceOfNewVersions = TimeSpan.FromMinutes(2);

    /// <summary>Versions whose newest scan is not of today's rules: deployed ones first, newest deployment first, then the newest of the rest.</summary>
    public async Task<IReadOnlyList<Guid>> PendingAsync(CancellationToken cancellationToken)
    {
        var scanned = await db.Scans.AsNoTracking().Select(s => new { s.VersionId, s.Rules }).ToDictionaryAsync(s => s.VersionId, s => s.Rules, cancellationToken);
        var all = await registry.VersionIdsAsync(cancellationToken);
        var rules = new Dictionary<Scope, Digest>();
        foreach (var scope in all.Select(v => v.Scope).Distinct())
            rules[scope] = ScanPolicy.RulesOf((await PolicyAsync(scope, cancellationToken)).ScanPolicy?.Policy);
        var latest = time.GetUtcNow() - GraceOfNewVersions;
        var pending = all.Where(v => scanned.TryGetValue(v.Id, out var under) ? under != rules[v.Scope] : v.CreatedAt <= latest).Select(v => v.Id).ToList();
        var order = (await deployed.ListAsync(cancellationToken)).Distinct().Select((id, place) => (id, place)).ToDictionary(d => d.id, d => d.place);
        return [.. pending.OrderBy(id => order.GetValueOrDefault(id, int.MaxValue))];
    }

    /// <summary>Scans one version and records it. A refusal means that no scan could be made now; the version stays pending.</summary>
    public async Task<Result<Verdict>> ScanAsync(Guid versionId, CancellationToken cancellationToken)
    {
        if (!(await registry.FindAsync(versionId, cancellationToken)).Try(out var version, out var refusal))
            return refusal;
        var policy = await PolicyAsync(version.Scope, cancellationToken);
        if (!(await scanner.ScanAsync(versionId, policy.ScanPolicy?.Policy, cancellationToken)).Try(out var report, out refusal))
            return refusal;
        var before = await ScanRecorder.PutAsync(db, version, policy, report, time.GetUtcNow(), cancellationToken);
        var running = (await deployed.ListAsync(cancellationToken)).Contains(versionId);
        var verdict = ScanRecorder.VerdictOf(policy, report);
        await db.CommitAsync(ScanEvent(version, report, verdict, ScanPolicy.RulesOf(policy.ScanPolicy?.Policy), before, running), cancellationToken);
        return verdict;
    }

    /// <summary>The policy in force. One that today's program cannot read excuses nothing and opens nothing.</summary>
    private async Task<PolicyDocument> PolicyAsync(Scope scope, CancellationToken cancellationToken) =>
        await db.CurrentPolicyAsync(scope, cancellationToken) is { } current && PolicyReader.Read(current.Text).Try(out var document, out _) ? document : new PolicyDocument();

    private SecurityEvent ScanEvent(ModelVersionInfo version, ScanReport report, Verdict verdict, Digest rules, Verdict? before, bool running)
    {
        var blocked = verdict == Verdict.Block;
        var worst = report.Findings.FirstOrDefault(f => f.Severity == Verdict.Block);
        var resource = new EventResource("model-version", version.Reference.ToString(), version.Manifest);
        return events.By("system:control", version.Scope, OcsfClass.ComplianceFinding, before is null ? ControlEvents.Create : ControlEvents.Update, "model.scan", resource,
            !blocked ? "Scanned under the present rules: nothing blocks."
            : running ? $"A running model is blocked by the present rules, and will not be deployed again. {worst?.Message}"
            : $"Blocked by the present rules. {worst?.Message}") with
        {
            Status = blocked ? EventStatus.Failure : EventStatus.Success,
            Severity = blocked && running ? EventSeverity.High : blocked ? EventSeverity.Medium : EventSeverity.Informational,
            StatusCode = blocked ? running ? "scan.blocks-running" : "scan.blocks" : null,
            Attributes =
            [
                ("rules", rules.ToString()), ("verdict", Lower(verdict)), ("verdict_before", before is { } b ? Lower(b) : "none"),
                ("findings", report.Findings.Length), ("running", running ? "yes" : "no"),
            ],
        };
    }

    private static string Lower(Verdict verdict) => verdict.ToString().ToLowerInvariant();
}
