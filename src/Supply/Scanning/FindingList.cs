using System.Collections.Immutable;
using Merlon.Kernel;

namespace Merlon.Scanning;

/// <summary>Findings in the order met, bounded; their texts are made printable, since they quote hostile files.</summary>
internal sealed class FindingList
{
    private readonly List<Finding> _findings = [];

    public void Block(string rule, string message, string? location = null, string? remedy = null) => Add(rule, Verdict.Block, message, location, remedy);

    public void Warn(string rule, string message, string? location = null, string? remedy = null) => Add(rule, Verdict.Warn, message, location, remedy);

    public void Add(Finding finding) => Add(finding.Rule, finding.Severity, finding.Message, finding.Location, finding.Remedy);

    public ImmutableArray<Finding> ToImmutable() => [.. _findings];

    private void Add(string rule, Verdict severity, string message, string? location, string? remedy)
    {
        if (_findings.Count < Limits.Findings)
            _findings.Add(new Finding(rule, severity, Text.Printable(message, 500), location is null ? null : Text.Printable(location, 300), remedy));
        else if (severity == Verdict.Block)
            _findings[^1] = new Finding("scan.too-many-findings", Verdict.Block, $"There are more than {Limits.Findings} findings.");
    }
}
