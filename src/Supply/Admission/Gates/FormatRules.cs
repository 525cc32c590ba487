using System.Collections.Immutable;
using Merlon.Admission.Policy;
using Merlon.Kernel;
using Merlon.Scanning.Contracts;

namespace Merlon.Admission.Gates;

/// <summary>What an environment makes of files beside the model. What was found in them stands: only that they are there is taken more or less strictly.</summary>
internal static class FormatRules
{
    public static ImmutableArray<Finding> Apply(FormatsAllowed formats, ImmutableArray<Finding> findings) =>
        [.. findings.Select(finding => finding.Severity == Verdict.Block && IsTaken(formats, finding.Rule) ? finding with { Severity = Verdict.Warn } : finding)];

    private static bool IsTaken(FormatsAllowed formats, string rule) => rule switch
    {
        ScanRules.NotServed => formats >= FormatsAllowed.Understood,
        ScanRules.NotUnderstood => formats >= FormatsAllowed.Any,
        _ => false,
    };
}
