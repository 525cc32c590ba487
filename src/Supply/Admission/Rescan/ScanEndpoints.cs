using System.Text.Json;
using Merlon.Access.Contracts;
using Merlon.Admission.Admit;
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
        var findings = JsonSerializer.Deserialize(scan.FindingsJson, GateJson.Default.ListFinding) ?? [];
        return TypedResults.Ok(new ScanView(
            found.Reference.ToString(), scan.Manifest, Lower(scan.Verdict), scan.Rules, scan.Rules == ScanRules.Digest, scan.ScannedAt,
            findings.ConvertAll(f => new AdmissionEndpoints.FindingView(f.Rule, Lower(f.Severity), f.Message, f.Location, f.Remedy))));
    }

    private static string Lower(Verdict verdict) => verdict.ToString().ToLowerInvariant();
}
