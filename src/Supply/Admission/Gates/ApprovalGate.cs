using Merlon.Admission.Policy;
using Merlon.Admission.Storage;
using Merlon.Kernel;
using Microsoft.EntityFrameworkCore;

namespace Merlon.Admission.Gates;

/// <summary>Did enough people say yes to exactly this content for this environment, and nobody no?</summary>
internal sealed class ApprovalGate(AdmissionDb db, Guid versionId, EnvironmentPolicy policy) : IGate
{
    public string Name => "approval";

    public async ValueTask<GateVerdict> EvaluateAsync(GateSubject subject, CancellationToken cancellationToken)
    {
        var decisions = await db.Approvals.AsNoTracking()
            .Where(a => a.VersionId == versionId && a.Environment == subject.Environment).ToListAsync(cancellationToken);
        // The newest decision of a person counts, and only for the content it was made on.
        var current = decisions.Where(a => a.Manifest == subject.Manifest).GroupBy(a => a.Principal, StringComparer.Ordinal)
            .Select(g => g.OrderByDescending(a => a.CreatedAt).ThenByDescending(a => a.Id).First()).ToList();
        if (current.Find(a => !a.Approved) is { } refused)
            return Fail("approval.refused", $"Refused by {refused.Principal}: {refused.Reason}", "The same person may approve it later.");
        var counted = current.Where(a => !policy.FourEyes || !string.Equals(a.Principal, subject.Author, StringComparison.Ordinal)).ToList();
        if (counted.Count < policy.Approvals)
        {
            var own = current.Count > counted.Count ? " The author's own approval does not count." : "";
            return Fail("approval.missing", $"{counted.Count} of {policy.Approvals} approvals for {subject.Environment}.{own}",
                $"Someone else approves it: merlon approve {subject.Model}@{subject.Version} --env {subject.Environment} --reason TEXT");
        }
        return new GateVerdict(Name, Verdict.Pass, $"Approved by {string.Join(", ", counted.Select(a => a.Principal))}.")
        {
            Evidence = counted.ToDictionary(a => a.Principal, a => a.Id.ToString(), StringComparer.Ordinal),
        };
    }

    private GateVerdict Fail(string rule, string reason, string remedy) =>
        new(Name, Verdict.Block, reason) { Findings = [new Finding(rule, Verdict.Block, reason, Remedy: remedy)] };
}
