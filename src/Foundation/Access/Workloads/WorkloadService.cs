using System.Globalization;
using Merlon.Access.Changes;
using Merlon.Access.Contracts;
using Merlon.Access.Model;
using Merlon.Access.Policy;
using Merlon.Access.Principals;
using Merlon.Access.Storage;
using Merlon.Kernel;
using Merlon.Keys;
using Microsoft.EntityFrameworkCore;
using static Merlon.Access.Workloads.WorkloadEndpoints;

namespace Merlon.Access.Workloads;

/// <summary>Enrols, renews and revokes. A certificate that is not in the tables calls nothing, whoever signed it.</summary>
internal sealed class WorkloadService(AccessDb db, AccessPolicy policy, IWorkloadAuthority authority, SubjectKeys subjects, WorkloadTelling telling, TimeProvider time)
{
    public static readonly TimeSpan MinLife = TimeSpan.FromMinutes(5), MaxLife = TimeSpan.FromDays(7), DefaultLife = TimeSpan.FromHours(24);

    public async Task<Result<Issued>> EnrolAsync(Caller caller, EnrolBody body, CreateRequest? request, CancellationToken cancellationToken)
    {
        var life = body.LifeSeconds is { } seconds ? TimeSpan.FromSeconds(seconds) : DefaultLife;
        if (Names.Check("workload name", body.Name) is { } invalid)
            return invalid;
        if (life < MinLife || life > MaxLife)
            return new Refusal(RefusalKind.Invalid, "expiry.invalid", "A workload's certificate lives between five minutes and seven days.") { Remedy = "For example --life 24h." };
        if (!WorkloadSvid.ReadRequest(body.Csr).Try(out var publicKey, out var refusal))
            return refusal;
        var enrolled = await policy.ChangeAsync<Result<Issued>>(async _ =>
        {
            if (!(await Replays.FindAsync<Issued>(db, caller, request, time.GetUtcNow(), cancellationToken)).Try(out var earlier, out var reused))
                return reused;
            if (earlier is not null)
                return earlier;
            var scope = caller.Scope;
            if (await FindAsync(scope, body.Name!, cancellationToken) is not null)
                return new Refusal(RefusalKind.Conflict, "workload.exists", $"There is already a workload '{body.Name}'.") { Remedy = "Renew or revoke it, or choose another name." };
            if (await db.Workloads.CountAsync(w => w.Organisation == scope.Organisation && w.RevokedAt == null, cancellationToken) >= Limits.WorkloadsPerOrganisation)
                return new Refusal(RefusalKind.Conflict, "workload.too-many", $"An organisation has at most {Limits.WorkloadsPerOrganisation} workloads.");
            var workload = await MakeAsync(caller, body.Name!, life, cancellationToken);
            db.Workloads.Add(workload);
            var issued = await IssueAsync(workload, publicKey, cancellationToken);
            Replays.Remember(db, caller, request, issued, workload.CreatedAt);
            await db.CommitAsync(telling.Of(caller, workload, OcsfClass.AccountChange, ControlEvents.Create, "workload.enrol", issued), cancellationToken);
            return issued;
        }, cancellationToken);
        return await telling.PublishedAsync(enrolled);
    }

    /// <summary>By someone who may manage principals and has every right that the workload has: a certificate acts for it.</summary>
    public async Task<Result<Issued>> RenewAsync(Caller caller, string name, string? csr, int? expected, CancellationToken cancellationToken)
    {
        if (!WorkloadSvid.ReadRequest(csr).Try(out var publicKey, out var refusal))
            return refusal;
        return await telling.PublishedAsync(await policy.ChangeAsync<Result<Issued>>(async before =>
        {
            if (await FindAsync(caller.Scope, name, cancellationToken) is not { } workload)
                return Unknown(name);
            if (expected is { } revision && revision != workload.Revision)
                return ChangeRules.Stale;
            if (PrincipalService.BeyondRolesOf(before, caller, workload.Principal) is { } beyond)
                return beyond;
            var issued = await IssueAsync(workload, publicKey, cancellationToken);
            await db.CommitAsync(telling.Of(caller, workload, OcsfClass.AccountChange, WorkloadTelling.PasswordChange, "workload.renew", issued), cancellationToken);
            return issued;
        }, cancellationToken));
    }

    /// <summary>By the workload itself, whose certificate has been verified. Null when that certificate is not, or no longer, in force.</summary>
    public async Task<Result<Issued>?> RenewItselfAsync(VerifiedSvid present, string csr, CancellationToken cancellationToken)
    {
        if (!WorkloadSvid.ReadRequest(csr).Try(out var publicKey, out var refusal))
            return refusal;
        var id = present.Id.ToString();
        var renewed = await policy.ChangeAsync<Result<Issued>?>(async _ =>
        {
            var now = time.GetUtcNow();
            var workload = await db.Workloads.SingleOrDefaultAsync(w => w.SpiffeId == id && w.RevokedAt == null, cancellationToken);
            if (workload is null || !await db.WorkloadCertificates.AnyAsync(
                c => c.Digest == present.Certificate && c.Principal == workload.Principal && c.NotAfter > now, cancellationToken))
                return null;
            // A request that is sent again, or replayed by who saw it, brings nothing new: the certificate is for a key that only the workload has.
            var keyHash = Digest.Of(publicKey);
            if (await db.WorkloadCertificates.AsNoTracking().FirstOrDefaultAsync(c => c.Principal == workload.Principal && c.PublicKeyHash == keyHash, cancellationToken) is { } earlier)
                return View(workload, earlier.Pem, earlier.NotAfter);
            var issued = await IssueAsync(workload, publicKey, cancellationToken);
            await db.CommitAsync(telling.Of(workload, OcsfClass.Authentication, ControlEvents.Other, "workload.renew", issued), cancellationToken);
            return issued;
        }, cancellationToken);
        if (renewed is not { } answer)
            return null;
        return await telling.PublishedAsync(answer);
    }

    public async Task<Result<Revoked>> RevokeAsync(Caller caller, string name, CancellationToken cancellationToken)
    {
        if (await FindAsync(caller.Scope, name, cancellationToken) is not { } workload)
            return Unknown(name);
        bool effective;
        try
        {
            await policy.ChangeAsync(async _ =>
            {
                workload.RevokedAt = time.GetUtcNow();
                workload.Revision++;
                await db.CommitAsync(telling.Of(caller, workload, OcsfClass.AccountChange, ControlEvents.Delete, "workload.revoke", null), cancellationToken);
                return Unit.Value;
            }, cancellationToken);
        }
        finally
        {
            // Also when the record waits for a full disk: it is revoked in the tables, and must be at the gateways.
            effective = await telling.PublishAsync();
        }
        return new Revoked(name, effective);
    }

    private async Task<Workload> MakeAsync(Caller caller, string name, TimeSpan life, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var principal = Workload.PrincipalPrefix + Guid.CreateVersion7(now).ToString("n");
        return new Workload
        {
            Principal = principal,
            Organisation = caller.Scope.Organisation,
            Project = caller.Scope.Project,
            Name = name,
            SpiffeId = $"spiffe://{authority.TrustDomain}/project/{caller.Scope.Project:n}/workload/{principal[Workload.PrincipalPrefix.Length..]}",
            SubjectPublicKey = await subjects.GetOrCreateAsync(caller.Scope, principal, cancellationToken),
            LifeSeconds = (int)life.TotalSeconds,
            CreatedBy = caller.Id,
            CreatedAt = now,
        };
    }

    /// <summary>Signs, and lets go of the older certificates: the newest stays beside the new one until it ends by itself.</summary>
    private async Task<Issued> IssueAsync(Workload workload, byte[] publicKey, CancellationToken cancellationToken)
    {
        if (!SpiffeId.TryParse(workload.SpiffeId, out var id))
            throw new InvalidDataException($"The identity of {workload.Principal} cannot be read.");
        var now = time.GetUtcNow();
        using var certificate = await authority.IssueAsync(id, publicKey, TimeSpan.FromSeconds(workload.LifeSeconds), cancellationToken);
        var kept = await db.WorkloadCertificates.Where(c => c.Principal == workload.Principal).OrderByDescending(c => c.IssuedAt).ThenByDescending(c => c.NotAfter).ToListAsync(cancellationToken);
        db.WorkloadCertificates.RemoveRange(kept.Skip(1));
        var row = new WorkloadCertificate
        {
            Digest = Digest.Of(certificate.RawData), Principal = workload.Principal, PublicKeyHash = Digest.Of(publicKey),
            Pem = certificate.ExportCertificatePem(), IssuedAt = now, NotAfter = new DateTimeOffset(certificate.NotAfter),
        };
        db.WorkloadCertificates.Add(row);
        workload.Revision++;
        return View(workload, row.Pem, row.NotAfter);
    }

    private Issued View(Workload workload, string pem, DateTimeOffset notAfter) => new(
        workload.Name, workload.Principal, workload.SpiffeId, authority.TrustDomain, pem, authority.CaPem, notAfter.ToUniversalTime(), Effective: false);

    private Task<Workload?> FindAsync(Scope scope, string name, CancellationToken cancellationToken) => db.Workloads.SingleOrDefaultAsync(
        w => w.Organisation == scope.Organisation && w.Project == scope.Project && w.Name == name && w.RevokedAt == null, cancellationToken);

    public static Refusal Unknown(string name) =>
        new(RefusalKind.NotFound, "workload.unknown", $"There is no workload '{Text.Printable(name, 63)}'.") { Remedy = "See: merlon workload list" };
}

/// <summary>Tells of workloads: to the ledger, and to the gateways.</summary>
internal sealed class WorkloadTelling(ControlEvents events, IGatewayPublisher gateways)
{
    public const int PasswordChange = 3;

    public async Task<Result<Issued>> PublishedAsync(Result<Issued> issued) =>
        issued.Try(out var done, out _) ? done with { Effective = await PublishAsync() } : issued;

    public Task<bool> PublishAsync() => gateways.PublishAsync(CancellationToken.None);

    public SecurityEvent Of(Caller caller, Workload workload, OcsfClass ocsfClass, int activity, string operation, Issued? issued) =>
        With(events.By(caller, ocsfClass, activity, operation, new EventResource("workload", workload.Principal)), workload, issued);

    public SecurityEvent Of(Workload workload, OcsfClass ocsfClass, int activity, string operation, Issued issued) =>
        With(events.By(workload.Principal, workload.Scope, ocsfClass, activity, operation, new EventResource("workload", workload.Principal)), workload, issued);

    private static SecurityEvent With(SecurityEvent told, Workload workload, Issued? issued) => told with
    {
        Personal = told.Activity == ControlEvents.Create ? new PersonalFields(workload.Principal, workload.SubjectPublicKey, [new("name", workload.Name)]) : null,
        Attributes = [("spiffe_id", workload.SpiffeId), ("not_after", issued?.ExpiresAt.ToString("O", CultureInfo.InvariantCulture))],
    };
}
