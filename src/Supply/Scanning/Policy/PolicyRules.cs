using System.Collections.Immutable;
using Merlon.Kernel;
using Merlon.Scanning.Contracts;

namespace Merlon.Scanning.Policy;

/// <summary>What a policy makes of findings. Runs outside of the sandbox: what was found by hostile bytes' parser is not also excused by it.</summary>
internal static class PolicyRules
{
    /// <param name="policy">Verified.</param>
    /// <param name="findings">As the scan gave them.</param>
    /// <param name="files">The files that were scanned: a finding belongs to the longest one that its location begins with.</param>
    public static ImmutableArray<Finding> Apply(ScanPolicy policy, ImmutableArray<Finding> findings, IReadOnlyList<string> files) =>
        [.. findings.Select(finding => Apply(policy, finding, FileOf(finding.Location, files)))];

    private static Finding Apply(ScanPolicy policy, Finding finding, string? file)
    {
        if (finding.Suppressed is not null)
            return finding;
        if (policy.Suppress.FirstOrDefault(change => Concerns(change, finding, file)) is { } suppressed)
            return finding with { Severity = Verdict.Pass, Suppressed = new Suppression(finding.Severity, suppressed.Reason) };
        return finding.Severity == Verdict.Warn && policy.Raise.Any(change => Concerns(change, finding, file)) ? finding with { Severity = Verdict.Block } : finding;
    }

    private static bool Concerns(RuleChange change, Finding finding, string? file) =>
        change.Rule == finding.Rule && (change.Path is null || (file is not null && (file == change.Path || file.EndsWith("/" + change.Path, StringComparison.Ordinal))));

    // A location is FILE, FILE@OFFSET or FILE!/PART; hostile names may hold these signs too, so it is read by the files that there are.
    private static string? FileOf(string? location, IReadOnlyList<string> files) => files.Count == 1
        ? files[0]
        : files.Where(file => location is not null && location.StartsWith(file, StringComparison.Ordinal) && location[file.Length..] is "" or ['@' or '!', ..]).MaxBy(file => file.Length);
}
