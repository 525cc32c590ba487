using Merlon.Access.Changes;
using Merlon.Access.Contracts;
using Merlon.Access.Model;
using Merlon.Access.Policy;
using Merlon.Access.Principals;
using Merlon.Access.Storage;
using Merlon.Kernel;
using Microsoft.EntityFrameworkCore;

namespace Merlon.Access.Federation;

/// <summary>Trusts outside issuers for a service. Whoever may do so could act as the service, so they must have what it has.</summary>
internal sealed class FederationService(AccessDb db, AccessPolicy policy, ControlEvents events, TimeProvider time)
{
    public static Refusal Unknown(string name) => new(RefusalKind.NotFound, "federation.unknown", $"There is no federation '{Text.Printable(name, 63)}'.") { Remedy = "See: merlon federation list" };

    public Task<Result<FederationRow>> AddAsync(Caller caller, FederationForm form, CancellationToken cancellationToken) => policy.ChangeAsync<Result<FederationRow>>(async before =>
    {
        if (!form.Check().Try(out var issuer, out var invalid))
            return invalid;
        var scope = caller.Scope;
        if (await db.Principals.SingleOrDefaultAsync(
            p => p.Organisation == scope.Organisation && p.Project == scope.Project && p.Name == form.Service && p.Kind == Principal.Service && p.DisabledAt == null, cancellationToken) is not { } service)
            return new Refusal(RefusalKind.NotFound, "principal.unknown", $"There is no service '{Text.Printable(form.Service, 63)}'.") { Remedy = "Make one: merlon service create NAME --role ROLE" };
        if (PrincipalService.BeyondRolesOf(before, caller, service.Id) is { } beyond)
            return beyond;
        if (await db.Federations.AnyAsync(f => f.Organisation == scope.Organisation && f.Project == scope.Project && f.Name == form.Name, cancellationToken))
            return new Refusal(RefusalKind.Conflict, "federation.exists", $"There is already a federation '{form.Name}'.") { Remedy = "Remove it first, or choose another name." };
        if (await db.Federations.CountAsync(f => f.Organisation == scope.Organisation, cancellationToken) >= Limits.Federations)
            return new Refusal(RefusalKind.Conflict, "federation.too-many", $"An organisation has at most {Limits.Federations} federations.");
        var now = time.GetUtcNow();
        var row = new FederationRow
        {
            Id = FederationRow.IdPrefix + Guid.CreateVersion7(now).ToString("n"), Organisation = scope.Organisation, Project = scope.Project, Name = form.Name!, Issuer = issuer.Issuer,
            CaPem = issuer.CaPem, Audience = form.Audience!, Claims = form.ClaimsText, ServiceId = service.Id, Verbs = form.VerbsText, LifeSeconds = (int)form.Life.TotalSeconds,
            CreatedBy = caller.Id, CreatedAt = now, Revision = 1,
        };
        db.Federations.Add(row);
        await db.CommitAsync(Of(caller, row, ControlEvents.Create, "federation.create"), cancellationToken);
        return row;
    }, cancellationToken);

    /// <summary>Ends the trust, and the tokens that came of it.</summary>
    public async Task<Result<Unit>> RemoveAsync(Caller caller, string name, CancellationToken cancellationToken)
    {
        if (await db.Federations.SingleOrDefaultAsync(f => f.Organisation == caller.Scope.Organisation && f.Project == caller.Scope.Project && f.Name == name, cancellationToken) is not { } row)
            return Unknown(name);
        var now = time.GetUtcNow();
        var open = await db.Tokens.Where(t => t.Provider == row.Id && t.RevokedAt == null && t.NotAfter > now).ToListAsync(cancellationToken);
        open.ForEach(t => t.RevokedAt = now);
        db.Federations.Remove(row);
        await db.CommitAsync(Of(caller, row, ControlEvents.Delete, "federation.delete"), cancellationToken);
        return Unit.Value;
    }

    private SecurityEvent Of(Caller caller, FederationRow row, int activity, string operation) =>
        events.By(caller, OcsfClass.EntityManagement, activity, operation, new EventResource("federation", row.Name)) with
        {
            Severity = EventSeverity.Medium,
            Attributes = [("issuer", row.Issuer), ("service", row.ServiceId), ("verbs", row.Verbs), ("claims", row.Claims)],
        };
}
