using Merlon.Admission.Contract;
using Merlon.Admission.Contracts;
using Merlon.Admission.Policy;
using Merlon.Kernel;
using Merlon.Scanning.Contracts;

namespace Merlon.Admission.Gates;

/// <summary>
/// Is every byte of a kind we understand and allow? The files are parsed in a scan worker; the contract that they give is reconciled here.
/// </summary>
internal sealed class FormatGate(IScanDispatcher scanner, IContractCheck check, Guid versionId, ScanPolicy? policy, FormatsAllowed formats) : IGate
{
    public string Name => "format";

    /// <summary>The contract, once the gate has passed.</summary>
    public TensorContract? Contract { get; private set; }
    public string? MainFile { get; private set; }

    /// <summary>What the scan said, when there was one.</summary>
    public ScanReport? Report { get; private set; }

    public async ValueTask<GateVerdict> EvaluateAsync(GateSubject subject, CancellationToken cancellationToken)
    {
        if (!(await scanner.ScanAsync(versionId, policy, cancellationToken)).Try(out var report, out var refusal))
            return new GateVerdict(Name, Verdict.Block, refusal.Detail) { Findings = [new Finding(refusal.Code, Verdict.Block, refusal.Detail, Remedy: refusal.Remedy)] };
        Report = report;
        var findings = FormatRules.Apply(formats, report.Findings).ToList();
        if (report.Signature is { } signature && findings.TrueForAll(f => f.Severity != Verdict.Block))
        {
            var (contract, contradictions) = ContractReconciler.Reconcile(signature, report.Declared);
            findings.AddRange(contradictions);
            if (contract is not null && check.Check(contract) is { } unenforceable)
                findings.Add(new Finding("contract.unenforceable", Verdict.Block, unenforceable.Detail, report.MainFile, "Change the model's inputs or narrow them in merlon.yaml."));
            else
                (Contract, MainFile) = (contract, report.MainFile);
        }
        else if (findings.TrueForAll(f => f.Severity != Verdict.Block))
        {
            findings.Add(new Finding("format.no-model", Verdict.Block, "The artifact holds no model file that Merlon can serve.", Remedy: "Push an ONNX model."));
        }
        var worst = findings.Count == 0 ? Verdict.Pass : findings.Max(f => f.Severity);
        var reason = worst == Verdict.Pass
            ? $"{report.MainFile}: {Contract!.Inputs.Length} inputs, {Contract.Outputs.Length} outputs, nothing unknown."
            : Describe(findings.First(f => f.Severity == worst));
        return new GateVerdict(Name, worst, reason) { Findings = findings, Evidence = Evidence(report) };
    }

    private static string Describe(Finding finding) => finding.Location is null ? finding.Message : $"{finding.Location}: {finding.Message}";

    private Dictionary<string, string> Evidence(ScanReport report)
    {
        var evidence = new Dictionary<string, string>(report.Facts, StringComparer.Ordinal);
        if (policy is not null)
            evidence["scan_policy"] = policy.Digest.ToString();
        if (Contract is not null)
            evidence["contract"] = ContractDigest.Of(Contract).ToString();
        return evidence;
    }
}
