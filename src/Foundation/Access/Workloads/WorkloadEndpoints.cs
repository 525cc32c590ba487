using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Merlon.Access.Changes;
using Merlon.Access.Contracts;
using Merlon.Access.Model;
using Merlon.Access.Storage;
using Merlon.Kernel;
using Merlon.Keys;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.EntityFrameworkCore;

namespace Merlon.Access.Workloads;

/// <summary>Machines with certificates: enrolled with a key that stays theirs, renewed before the certificate ends, revoked at once.</summary>
internal static class WorkloadEndpoints
{
    internal sealed record EnrolBody(string? Name, string? Csr, int? LifeSeconds);
    internal sealed record RenewBody(string? Csr);

    /// <param name="At">Unix seconds of the proof.</param>
    internal sealed record SelfRenewBody(string? Certificate, string? Csr, long At, string? Proof);

    internal sealed record Issued(
        string Name, string Principal, string SpiffeId, string TrustDomain, string Certificate, string Ca, DateTimeOffset ExpiresAt, bool Effective);

    internal sealed record View(
        string Name, string Principal, string SpiffeId, int LifeSeconds, int Certificates, DateTimeOffset? ExpiresAt, DateTimeOffset CreatedAt, DateTimeOffset? RevokedAt);

    internal sealed record Revoked(string Name, bool Effective);

    private static readonly Refusal s_notProved = new(RefusalKind.Unauthenticated, "workload.proof", "The renewal is not proved by a certificate that is in force.")
    {
        Remedy = "Someone who may manage principals can renew it: merlon workload renew NAME",
    };

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/workloads", ListAsync).RequirePermission(Permissions.AccessRead).Produces<Page<View>>();
        routes.MapGet("/workloads/{name}", ShowAsync).RequirePermission(Permissions.AccessRead).Produces<View>().GivesRevision();
        routes.MapPost("/workloads", EnrolAsync).RequirePermission(Permissions.PrincipalManage).Produces<Issued>(201).TakesIdempotencyKey();
        routes.MapPost("/workloads/{name}/renew", RenewAsync).RequirePermission(Permissions.PrincipalManage).Produces<Issued>().ChangesRevision(isRequired: false);
        routes.MapDelete("/workloads/{name}", RevokeAsync).RequirePermission(Permissions.PrincipalManage).Produces<Revoked>();
        routes.MapPost("/workload-renewals", RenewItselfAsync).AllowAnyone("the present certificate's key signs the request; without that, nothing is done or told").Produces<Issued>();
    }

    private static async Task<IResult> ListAsync(string? after, int? limit, Caller caller, AccessDb db, TimeProvider time, CancellationToken cancellationToken) =>
        // A revoked name may stand beside the one that took it again; the principal tells them apart and keeps the order stable.
        Page<View>.Of(await ViewsAsync(caller, db, time, null, cancellationToken), v => $"{v.Name}\n{v.Principal}", after, limit).ToHttp();

    private static async Task<IResult> ShowAsync(string name, Caller caller, AccessDb db, TimeProvider time, HttpContext context, CancellationToken cancellationToken)
    {
        var found = (await ViewsAsync(caller, db, time, name, cancellationToken)).FirstOrDefault(v => v.RevokedAt is null);
        if (found is null)
            return WorkloadService.Unknown(name).ToProblem();
        ChangeHttp.SetRevision(context, await db.Workloads.Where(w => w.Principal == found.Principal).Select(w => w.Revision).SingleAsync(cancellationToken));
        return TypedResults.Ok(found);
    }

    private static async Task<List<View>> ViewsAsync(Caller caller, AccessDb db, TimeProvider time, string? name, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var scope = caller.Scope;
        var workloads = await db.Workloads.AsNoTracking()
            .Where(w => w.Organisation == scope.Organisation && w.Project == scope.Project && (name == null || w.Name == name)).ToListAsync(cancellationToken);
        var ids = workloads.ConvertAll(w => w.Principal);
        var inForce = (await db.WorkloadCertificates.AsNoTracking().Where(c => ids.Contains(c.Principal) && c.NotAfter > now)
            .Select(c => new { c.Principal, c.NotAfter }).ToListAsync(cancellationToken)).ToLookup(c => c.Principal, c => c.NotAfter, StringComparer.Ordinal);
        return workloads.ConvertAll(w => new View(
            w.Name, w.Principal, w.SpiffeId, w.LifeSeconds, w.RevokedAt is null ? inForce[w.Principal].Count() : 0,
            inForce[w.Principal].Select(t => (DateTimeOffset?)t).Max(), w.CreatedAt, w.RevokedAt));
    }

    private static async Task<IResult> EnrolAsync(EnrolBody body, Caller caller, WorkloadService workloads, HttpContext context, CancellationToken cancellationToken)
    {
        if (!ChangeHttp.CreateOf(context.Request, body).Try(out var request, out var refusal))
            return refusal.ToProblem();
        var enrolled = await workloads.EnrolAsync(caller, body, request, cancellationToken);
        return enrolled.Try(out var issued, out refusal) ? TypedResults.Json(issued, statusCode: StatusCodes.Status201Created) : refusal.ToProblem();
    }

    private static async Task<IResult> RenewAsync(string name, RenewBody body, Caller caller, WorkloadService workloads, HttpContext context, CancellationToken cancellationToken)
    {
        if (!ChangeHttp.RevisionOf(context.Request).Try(out var expected, out var refusal))
            return refusal.ToProblem();
        var renewed = await workloads.RenewAsync(caller, name, body.Csr, expected, cancellationToken);
        return renewed.Try(out var issued, out refusal)
            ? TypedResults.Ok(issued)
            : refusal.ToProblem(refusal.Code == ChangeRules.Stale.Code ? StatusCodes.Status412PreconditionFailed : null);
    }

    /// <summary>Every way in which the proof fails has the same answer.</summary>
    private static async Task<IResult> RenewItselfAsync(
        SelfRenewBody body, WorkloadService workloads, IWorkloadAuthority authority, IRefusalLog refusals, HttpContext context, TimeProvider time, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        if (Prove(body, authority, now) is { } svid && await workloads.RenewItselfAsync(svid, body.Csr!, cancellationToken) is { } renewed)
            return renewed.ToHttp();
        refusals.Unauthenticated(context.Connection.RemoteIpAddress, s_notProved.Code);
        return s_notProved.ToProblem();
    }

    private static VerifiedSvid? Prove(SelfRenewBody body, IWorkloadAuthority authority, DateTimeOffset now)
    {
        if (body.Certificate is not { Length: > 0 and <= Limits.CertificatePem } || body.Csr is not { Length: > 0 and <= Limits.CertificatePem }
            || body.At < 0 || body.At > DateTimeOffset.MaxValue.ToUnixTimeSeconds())
            return null;
        try
        {
            using var certificate = X509Certificate2.CreateFromPem(body.Certificate);
            using var validator = new SvidValidator(authority.CaPem, authority.TrustDomain);
            return validator.Verify(certificate, now).Try(out var svid, out _)
                && RenewalProof.Holds(certificate, authority.TrustDomain, DateTimeOffset.FromUnixTimeSeconds(body.At), body.Csr, body.Proof, now) ? svid : null;
        }
        catch (CryptographicException)
        {
            return null;
        }
    }

    private static async Task<IResult> RevokeAsync(string name, Caller caller, WorkloadService workloads, CancellationToken cancellationToken) =>
        (await workloads.RevokeAsync(caller, name, cancellationToken)).ToHttp();
}
