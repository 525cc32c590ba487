using System.Text.Json;
using Merlon.Access.Contracts;
using Merlon.Admission.Admit;
using Merlon.Admission.Policy;
using Merlon.Admission.Storage;
using Merlon.Kernel;
using Merlon.Registry.Contracts;
using Merlon.Scanning.Contracts;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.EntityFrameworkCore;

namespace Merlon.Admission.Rescan;

/// <summary>The newest scan of a version.</summary>
internal static class ScanEndpoints
{
    /// <param name="Current">False when the rules have changed since; it will be scanned again.</param>
    internal sealed record ScanView(
        string Reference, Digest Manifest, string Verdict, Digest Rules, bool Current, DateTimeOffset ScannedAt, IReadOnlyList<AdmissionEndpoints.FindingView> Findings);

    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapGet("/models/{name}/versions/{version:int}/scan", ShowAsync).RequirePermission(Permissions.ModelRead, "name").Produces<ScanView>();

    private static async Task<IResult> ShowAsync(string name, int version, Caller caller, IRegistry registry, AdmissionDb db, CancellationToken cancellationToken)
    {
        if (!(await registry.FindAsync(caller.Scope, new ModelReference(name, version), cancellationToken)).Try(out var found, out var refusal))
            return refusal.ToProblem();
        if (await db.Scans.AsNoTracking().SingleOrDefaultAsync(s => s.VersionId == found.Id, cancellationToken) is not { } scan)
            return new Refusal(RefusalKind.NotFound, "scan.none", $"{found.Reference} has not been scanned yet.") { Remedy = $"Scan it now: merlon admit {found.Reference} --env development" }.ToProblem();
        var policy = await db.CurrentPolicyAsync(caller.Scope, cancellationToken);
        var rules = ScanPolicy.RulesOf(policy is not null && PolicyReader.Read(policy.Text).Try(out var document, out _) ? document.ScanPolicy?.Policy : null);
        var findings = JsonSerializer.Deserialize(scan.FindingsJson, GateJson.Default.ListFinding) ?? [];
        return TypedResults.Ok(new ScanView(
            found.Reference.ToString(), scan.Manifest, Lower(scan.Verdict), scan.Rules, scan.Rules == rules, scan.ScannedAt,
            findings.ConvertAll(AdmissionEndpoints.FindingView.Of)));
    }

    private static string Lower(Verdict verdict) => verdict.ToString().ToLowerInvariant();
}
