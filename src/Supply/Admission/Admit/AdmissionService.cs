using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Serialization;
using Merlon.Access.Contracts;
using Merlon.Admission.Contracts;
using Merlon.Admission.Gates;
using Merlon.Admission.Model;
using Merlon.Admission.Policy;
using Merlon.Admission.Rescan;
using Merlon.Admission.Storage;
using Merlon.Kernel;
using Merlon.Registry.Contracts;
using Merlon.Scanning.Contracts;

namespace Merlon.Admission.Admit;

/// <summary>Runs the gates in their one order and writes the verdict with its evidence.</summary>
internal sealed class AdmissionService(AdmissionDb db, IRegistry registry, IScanDispatcher scanner, IContractCheck contracts, ControlEvents events, TimeProvider time) : IAdmission
{
    public async Task<Result<AdmissionDecision>> AdmitAsync(Caller caller, ModelReference reference, string environment, CancellationToken cancellationToken)
    {
        if (!(await registry.FindAsync(caller.Scope, reference, cancellationToken)).Try(out var version, out var refusal))
            return refusal;
        var policyVersion = await db.CurrentPolicyAsync(caller.Scope, cancellationToken) ?? throw new InvalidOperationException("The project has no policy.");
        if (!PolicyReader.Read(policyVersion.Text).Try(out var policy, out refusal))
            return refusal;
        if (!policy.Environments.TryGetValue(environment, out var rules))
            return new Refusal(RefusalKind.NotFound, "environment.unknown", $"The policy has no environment '{Text.Printable(environment, 63)}'.")
            {
                Remedy = $"Environments: {string.Join(", ", policy.Environments.Keys.Order(StringComparer.Ordinal))}.",
            };

        var subject = await SubjectAsync(version, environment, cancellationToken);
        var format = new FormatGate(scanner, contracts, version.Id, policy.ScanPolicy?.Policy, rules.Formats);
        IGate[] gates = [new IntegrityGate(), format, new SignatureGate(db, version.Id, policy.Keys), new ApprovalGate(db, version.Id, rules)];
        var verdicts = new List<GateVerdict>();
        foreach (var gate in gates.Where(g => rules.ModeOf(g.Name) != GateMode.Off))
            verdicts.Add(await RunAsync(gate, subject, rules.ModeOf(gate.Name), cancellationToken));
        return await RecordAsync(caller, version, policy, policyVersion, environment, verdicts, format, cancellationToken);
    }

    private async Task<GateSubject> SubjectAsync(ModelVersionInfo version, string environment, CancellationToken cancellationToken) => new()
    {
        Scope = version.Scope,
        Model = version.Model,
        Version = version.Number,
        Manifest = version.Manifest,
        Files = version.Files,
        Environment = environment,
        Author = version.Author,
        Artifact = await registry.OpenAsync(version.Id, cancellationToken),
    };

    /// <summary>A gate that throws is a block: what could not be judged is not clean. A mode of warn softens a block, nothing hardens a pass.</summary>
    private static async Task<GateVerdict> RunAsync(IGate gate, GateSubject subject, GateMode mode, CancellationToken cancellationToken)
    {
        var start = Stopwatch.GetTimestamp();
        GateVerdict verdict;
        try
        {
            verdict = await gate.EvaluateAsync(subject, cancellationToken);
        }
        catch (Exception e) when (e is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
        {
            verdict = new GateVerdict(gate.Name, Verdict.Block, "The gate could not judge this model.")
            {
                Findings = [new Finding($"{gate.Name}.failed", Verdict.Block, $"{e.GetType().Name} while the gate ran.")],
            };
        }
        if (verdict.Verdict == Verdict.Block && mode == GateMode.Warn)
            verdict = verdict with { Verdict = Verdict.Warn };
        return verdict with { Duration = Stopwatch.GetElapsedTime(start) };
    }

    private async Task<Result<AdmissionDecision>> RecordAsync(
        Caller caller, ModelVersionInfo version, PolicyDocument document, PolicyVersion policy, string environment, List<GateVerdict> gates, FormatGate format,
        CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var decision = new AdmissionDecision
        {
            VerdictId = Guid.CreateVersion7(now),
            Version = version,
            Environment = environment,
            Verdict = gates.Max(g => g.Verdict),
            PolicyDigest = policy.Digest,
            Gates = gates,
            RequiresFullIsolation = document.Environments[environment].Isolation == "full",
            Contract = format.Contract,
            MainFile = format.MainFile,
        };
        db.Verdicts.Add(new AdmissionVerdict
        {
            Id = decision.VerdictId,
            VersionId = version.Id,
            Manifest = version.Manifest,
            Environment = environment,
            PolicyDigest = policy.Digest,
            Verdict = decision.Verdict,
            GatesJson = JsonSerializer.Serialize(gates, GateJson.Default.ListGateVerdict),
            CreatedAt = now,
        });
        if (format.Report is { } report)
            await ScanRecorder.PutAsync(db, version, document, report, now, cancellationToken);
        await db.CommitAsync(VerdictEvent(caller, decision), cancellationToken);
        return decision;
    }

    private SecurityEvent VerdictEvent(Caller caller, AdmissionDecision decision)
    {
        var blocked = decision.Verdict == Verdict.Block;
        var resource = new EventResource("model-version", decision.Version.Reference.ToString(), decision.Version.Manifest);
        return events.By(caller, OcsfClass.ComplianceFinding, ControlEvents.Create, "model.admit", resource,
            blocked ? $"Blocked for {decision.Environment}. {decision.BlockedBecause}" : $"Admitted for {decision.Environment}.") with
        {
            Status = blocked ? EventStatus.Failure : EventStatus.Success,
            Severity = blocked ? EventSeverity.Medium : EventSeverity.Informational,
            StatusCode = blocked ? "admission.blocked" : null,
            Attributes =
            [
                ("environment", decision.Environment), ("policy", decision.PolicyDigest.ToString()), ("verdict", Lower(decision.Verdict)),
                ("verdict_id", decision.VerdictId.ToString()), .. decision.Gates.Select(g => (EventAttribute)($"gate_{g.Gate}", Lower(g.Verdict))),
            ],
        };
    }

    private static string Lower(Verdict verdict) => verdict.ToString().ToLowerInvariant();
}

[JsonSerializable(typeof(List<GateVerdict>))]
[JsonSerializable(typeof(List<Finding>))]
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UseStringEnumConverter = true)]
internal sealed partial class GateJson : JsonSerializerContext;
