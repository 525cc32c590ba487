using System.Globalization;
using Merlon.Access.Changes;
using Merlon.Access.Contracts;
using Merlon.Access.Model;
using Merlon.Access.Policy;
using Merlon.Access.SignIn;
using Merlon.Access.Storage;
using Merlon.Kernel;
using Microsoft.EntityFrameworkCore;
using static Merlon.Access.BreakGlass.BreakGlassEndpoints;

namespace Merlon.Access.BreakGlass;

/// <summary>
/// For the day when nobody can sign in: a credential that lies in an envelope, needs neither SSO nor a second factor, gives the rights of an owner for a short
/// time, and cannot be used quietly or twice.
/// </summary>
internal sealed class BreakGlassService(AccessDb db, AccessPolicy policy, SubjectKeys subjects, SignInBook book, ControlEvents events)
{
    public const string Prefix = "mb";
    private static readonly TimeSpan s_life = TimeSpan.FromHours(1);
    private static readonly TimeSpan s_maxLife = TimeSpan.FromHours(4);
    private static readonly TimeSpan s_minLife = TimeSpan.FromMinutes(5);

    private static readonly Refusal s_wrong = new(RefusalKind.Unauthenticated, "breakglass.wrong", "This is not a code that is sealed now: it is wrong, or it was used before.");

    /// <summary>Makes a new code; the one before ends, and with it what it had opened. By someone with every right that it will give.</summary>
    public async Task<Result<SealedView>> SealAsync(Caller caller, int? lifeSeconds, CancellationToken cancellationToken)
    {
        var life = lifeSeconds is { } seconds ? TimeSpan.FromSeconds(seconds) : s_life;
        if (life < s_minLife || life > s_maxLife)
            return new Refusal(RefusalKind.Invalid, "breakglass.life", "It opens for between five minutes and four hours.") { Remedy = "For example --life 1h." };
        return await policy.ChangeAsync<Result<SealedView>>(async before =>
        {
            if (!PrincipalFactory.FirstBinding("", Permissions.Owner).Parse(Guid.Empty, caller.Scope, default, 1).Try(out var binding, out var refusal))
                return refusal;
            if (ChangeRights.BeyondRole(before, caller.Id, binding) is { } beyond)
                return beyond;
            var credential = Credential.Mint(Prefix);
            var row = await db.BreakGlass.SingleOrDefaultAsync(b => b.Organisation == caller.Scope.Organisation, cancellationToken);
            if (row is null)
            {
                if (await db.Principals.AnyAsync(p => p.Organisation == caller.Scope.Organisation && p.Name == BreakGlassRow.Name, cancellationToken))
                    return new Refusal(RefusalKind.Conflict, "principal.exists", $"There is already a principal '{BreakGlassRow.Name}'.");
                row = await MakeAsync(caller, credential, life, cancellationToken);
            }
            else
            {
                await CloseAsync(row, cancellationToken);
                (row.CredentialId, row.SecretHash, row.SealedBy, row.SealedAt) = (credential.Id, credential.SecretHash, caller.Id, book.Now);
                (row.LifeSeconds, row.OpenedAt, row.OpenUntil) = ((int)life.TotalSeconds, null, null);
                row.Revision++;
            }
            await db.CommitAsync(
                events.By(caller, OcsfClass.AccountChange, ControlEvents.Create, "breakglass.seal", new EventResource("principal", row.PrincipalId), "A new break-glass code was sealed.") with
                {
                    Severity = EventSeverity.High,
                    Attributes = [("life_seconds", row.LifeSeconds)],
                },
                cancellationToken);
            return new SealedView(credential.Text, row.SealedAt, row.LifeSeconds);
        }, cancellationToken);
    }

    /// <summary>1. Locked: nothing is checked. 2. The code, once. 3. An owner for a time, and the alarm, in one commit.</summary>
    public async Task<Result<OpenedView>> OpenAsync(string? code, SignInOrigin origin, CancellationToken cancellationToken)
    {
        var isCode = Credential.TryParse(Prefix, code?.Trim(), out var id, out var hash);
        // Counted for the code that is tried: whoever guesses others does not lock the one in the envelope.
        var account = "breakglass\n" + (isCode ? id : "");
        // 1
        if (await book.LockedAsync(origin, account, cancellationToken) is { } locked)
            return locked;
        // 2
        var found = isCode ? await db.BreakGlass.AsNoTracking().SingleOrDefaultAsync(b => b.CredentialId == id, cancellationToken) : null;
        if (!Credential.Matches(found?.SecretHash ?? default, hash) || found is null || found.OpenedAt is not null)
        {
            var known = found is null ? null : await db.Principals.AsNoTracking().SingleAsync(p => p.Id == found.PrincipalId, cancellationToken);
            await book.FailedAsync(origin, account, known, s_wrong.Code, cancellationToken);
            return s_wrong;
        }
        return await policy.ChangeAsync<Result<OpenedView>>(async _ =>
        {
            // Of two that open it at once, one wins.
            if (await db.BreakGlass.SingleOrDefaultAsync(b => b.CredentialId == id && b.OpenedAt == null, cancellationToken) is not { } row)
                return s_wrong;
            // 3
            var principal = await db.Principals.SingleAsync(p => p.Id == row.PrincipalId, cancellationToken);
            var (now, credential) = (book.Now, Credential.Mint(Credential.TokenPrefix));
            (row.OpenedAt, row.OpenUntil, principal.DisabledAt) = (now, now.AddSeconds(row.LifeSeconds), null);
            row.Revision++;
            db.Tokens.Add(new AccessToken
            {
                Id = credential.Id, PrincipalId = principal.Id, SecretHash = credential.SecretHash, CreatedAt = now, NotAfter = row.OpenUntil.Value,
                Methods = "breakglass", Device = origin.Device, Network = origin.Network,
            });
            await db.CommitAsync(
                events.By(principal.Id, principal.Scope, OcsfClass.Authentication, 1, "breakglass.open", new EventResource("principal", principal.Id),
                    "The break-glass code was used: someone has the rights of an owner.") with
                {
                    Severity = EventSeverity.Critical,
                    Attributes = [("until", row.OpenUntil.Value.ToString("O", CultureInfo.InvariantCulture)), ("session", credential.Id)],
                    Personal = new PersonalFields(principal.Id, principal.SubjectPublicKey, [new("network", origin.Network), new("device", origin.Device)]),
                },
                cancellationToken);
            return new OpenedView(credential.Text, row.OpenUntil.Value, principal.Id);
        }, cancellationToken);
    }

    public async Task<StateView> ShowAsync(Caller caller, CancellationToken cancellationToken) =>
        await db.BreakGlass.AsNoTracking().SingleOrDefaultAsync(b => b.Organisation == caller.Scope.Organisation, cancellationToken) is not { } row
            ? new StateView("none", null, null, null, null, null)
            : new StateView(
                row.OpenedAt is null ? "sealed" : row.OpenUntil > book.Now ? "open" : "used", row.SealedAt, Subjects.NameOf(caller.Snapshot.State, row.SealedBy), row.LifeSeconds, row.OpenedAt, row.OpenUntil);

    /// <summary>Ends what is open for longer than it may be. Its token is void by then; this takes the rights from the principal too.</summary>
    public async Task ExpireAsync(CancellationToken cancellationToken)
    {
        var now = book.Now;
        var over = await (from row in db.BreakGlass
                          join principal in db.Principals on row.PrincipalId equals principal.Id
                          where row.OpenUntil <= now && principal.DisabledAt == null
                          select row.Organisation).ToListAsync(cancellationToken);
        foreach (var organisation in over)
        {
            await policy.ChangeAsync(async _ =>
            {
                var row = await db.BreakGlass.SingleAsync(b => b.Organisation == organisation, cancellationToken);
                var principal = await db.Principals.SingleAsync(p => p.Id == row.PrincipalId, cancellationToken);
                if (row.OpenUntil > book.Now || principal.DisabledAt is not null)
                    return Unit.Value;
                await CloseAsync(row, cancellationToken);
                await db.CommitAsync(
                    events.By("system:control", principal.Scope, OcsfClass.AccountChange, 5, "breakglass.expire", new EventResource("principal", principal.Id), "The time of the break-glass access is over.") with
                    {
                        Severity = EventSeverity.Medium,
                    },
                    cancellationToken);
                return Unit.Value;
            }, cancellationToken);
        }
    }

    private async Task CloseAsync(BreakGlassRow row, CancellationToken cancellationToken)
    {
        var principal = await db.Principals.SingleAsync(p => p.Id == row.PrincipalId, cancellationToken);
        principal.DisabledAt ??= book.Now;
        foreach (var token in await db.Tokens.Where(t => t.PrincipalId == row.PrincipalId && t.RevokedAt == null).ToListAsync(cancellationToken))
            token.RevokedAt = book.Now;
    }

    private async Task<BreakGlassRow> MakeAsync(Caller caller, Credential credential, TimeSpan life, CancellationToken cancellationToken)
    {
        var id = BreakGlassRow.PrincipalPrefix + Guid.CreateVersion7(book.Now).ToString("n");
        db.Principals.Add(new Principal
        {
            Id = id, Organisation = caller.Scope.Organisation, Project = caller.Scope.Project, Name = BreakGlassRow.Name, Kind = BreakGlassRow.Kind, CreatedBy = caller.Id,
            SubjectPublicKey = await subjects.GetOrCreateAsync(caller.Scope, id, cancellationToken), CreatedAt = book.Now, DisabledAt = book.Now,
        });
        db.Bindings.Add(ChangeWriter.Row(Guid.CreateVersion7(book.Now), caller.Scope, PrincipalFactory.FirstBinding(id, Permissions.Owner), book.Now));
        var row = new BreakGlassRow
        {
            Organisation = caller.Scope.Organisation, PrincipalId = id, CredentialId = credential.Id, SecretHash = credential.SecretHash, SealedBy = caller.Id, SealedAt = book.Now,
            LifeSeconds = (int)life.TotalSeconds, Revision = 1,
        };
        db.BreakGlass.Add(row);
        return row;
    }
}
