using System.Text.Json;
using Merlon.Access.Contracts;
using Merlon.Admission.Contracts;
using Merlon.Admission.Storage;
using Merlon.Kernel;
using Merlon.Registry.Contracts;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.EntityFrameworkCore;

namespace Merlon.Admission.Admit;

/// <summary>Asks the gates, and shows what they said before.</summary>
internal static class AdmissionEndpoints
{
    internal sealed record AdmitRequest(string Environment);
    internal sealed record FindingView(string Rule, string Severity, string Message, string? Location, string? Remedy, string? Suppressed)
    {
        /// <summary>As <c>merlon scan --json</c>: with its own severity, and why it does not count.</summary>
        public static FindingView Of(Finding finding) =>
            new(finding.Rule, Lower(finding.Suppressed?.Severity ?? finding.Severity), finding.Message, finding.Location, finding.Remedy, finding.Suppressed?.Reason);
    }

    internal sealed record GateView(
        string Gate, string Verdict, string Reason, double Milliseconds, IReadOnlyList<FindingView> Findings, IReadOnlyDictionary<string, string> Evidence);
    internal sealed record AdmissionView(
        Guid Id, string Reference, Digest Manifest, string Environment, string Verdict, Digest Policy, DateTimeOffset? At, IReadOnlyList<GateView> Gates,
        TensorContract? Contract);

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPost("/models/{name}/versions/{version:int}/admit", AdmitAsync).RequirePermission<AdmitRequest>(Permissions.ModelAdmit, "name", r => r.Environment).Produces<AdmissionView>();
        routes.MapGet("/models/{name}/versions/{version:int}/verdicts", ListAsync).RequirePermission(Permissions.ModelRead, "name").Produces<IReadOnlyList<AdmissionView>>();
    }

    private static async Task<IResult> AdmitAsync(
        string name, int version, AdmitRequest request, Caller caller, IAdmission admission, CancellationToken cancellationToken) =>
        (await admission.AdmitAsync(caller, new ModelReference(name, version), request.Environment ?? "", cancellationToken)).Try(out var decision, out var refusal)
            ? TypedResults.Ok(View(decision))
            : refusal.ToProblem();

    private static async Task<IResult> ListAsync(
        string name, int version, Caller caller, IRegistry registry, AdmissionDb db, CancellationToken cancellationToken)
    {
        if (!(await registry.FindAsync(caller.Scope, new ModelReference(name, version), cancellationToken)).Try(out var found, out var refusal))
            return refusal.ToProblem();
        var rows = await db.Verdicts.AsNoTracking().Where(v => v.VersionId == found.Id).OrderByDescending(v => v.CreatedAt).Take(100).ToListAsync(cancellationToken);
        return TypedResults.Ok(rows.ConvertAll(row => new AdmissionView(
            row.Id, found.Reference.ToString(), row.Manifest, row.Environment, Lower(row.Verdict), row.PolicyDigest, row.CreatedAt,
            [.. (JsonSerializer.Deserialize(row.GatesJson, GateJson.Default.ListGateVerdict) ?? []).Select(View)], null)));
    }

    private static AdmissionView View(AdmissionDecision decision) => new(
        decision.VerdictId, decision.Version.Reference.ToString(), decision.Version.Manifest, decision.Environment, Lower(decision.Verdict), decision.PolicyDigest,
        null, [.. decision.Gates.Select(View)], decision.Contract);

    private static GateView View(GateVerdict gate) => new(
        gate.Gate, Lower(gate.Verdict), gate.Reason, Math.Round(gate.Duration.TotalMilliseconds, 1),
        [.. gate.Findings.Select(FindingView.Of)], gate.Evidence);

    private static string Lower(Verdict verdict) => verdict.ToString().ToLowerInvariant();
}
