using System.Collections.Immutable;
using Merlon.Access.Model;
using Merlon.Access.Storage;
using Merlon.Kernel;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Merlon.Access.Policy;

/// <summary>Holds the snapshot that decisions read. It is read from the tables before the server takes its first call, and after each change.</summary>
internal sealed class AccessPolicy(IServiceScopeFactory scopes) : IHostedService, IDisposable
{
    private readonly SemaphoreSlim _writing = new(1, 1);
    private volatile AccessSnapshot _current = AccessSnapshot.Empty;

    public AccessSnapshot Current => _current;

    /// <summary>
    /// Makes one change at a time: what <paramref name="change"/> checks is still so when it is stored. The snapshot follows also when the record
    /// of the change waits for a full disk, because the tables have it.
    /// </summary>
    public async Task<T> ChangeAsync<T>(Func<AccessSnapshot, Task<T>> change, CancellationToken cancellationToken)
    {
        await _writing.WaitAsync(cancellationToken);
        try
        {
            return await change(_current);
        }
        finally
        {
            try
            {
                await ReloadAsync(CancellationToken.None);
            }
            finally
            {
                _writing.Release();
            }
        }
    }

    public Task StartAsync(CancellationToken cancellationToken) => ReloadAsync(cancellationToken);

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public void Dispose() => _writing.Dispose();

    private async Task ReloadAsync(CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        _current = new AccessSnapshot(await ReadAsync(scope.ServiceProvider.GetRequiredService<AccessDb>(), cancellationToken));
    }

    internal static async Task<AccessState> ReadAsync(AccessDb db, CancellationToken cancellationToken)
    {
        var principals = await db.Principals.AsNoTracking()
            .Select(p => new Member(p.Id, p.Organisation, p.Project, p.Name, p.DisabledAt == null)).ToListAsync(cancellationToken);
        // The principal of a key stays the same when the key is rotated.
        var keys = await db.ApiKeys.AsNoTracking().Where(k => k.RevokedAt == null)
            .Select(k => new Member(k.Principal, k.Organisation, k.Project, ApiKey.NamePrefix + k.Name, true)).Distinct().ToListAsync(cancellationToken);
        var workloads = await db.Workloads.AsNoTracking().Where(w => w.RevokedAt == null)
            .Select(w => new Member(w.Principal, w.Organisation, w.Project, Workload.NamePrefix + w.Name, true)).ToListAsync(cancellationToken);
        var roles = await db.Roles.AsNoTracking().ToListAsync(cancellationToken);
        var groups = await db.Groups.AsNoTracking().ToListAsync(cancellationToken);
        var bindings = await db.Bindings.AsNoTracking().ToListAsync(cancellationToken);
        var providers = await db.Providers.AsNoTracking().Select(p => new { p.Name, p.Organisation }).ToListAsync(cancellationToken);
        var identities = await db.Identities.AsNoTracking().Where(i => i.Groups != "").ToListAsync(cancellationToken);
        var projects = await db.Projects.AsNoTracking().Select(p => new ProjectState(p.Id, p.Organisation, p.Name, p.ArchivedAt != null)).ToListAsync(cancellationToken);
        return new AccessState
        {
            Projects = projects.ToImmutableDictionary(p => p.Id),
            Members = principals.Concat(keys).Concat(workloads).ToImmutableDictionary(m => m.Id, StringComparer.Ordinal),
            Roles = roles.ToImmutableDictionary(r => (r.Organisation, r.Name), r => new CustomRole(r.Organisation, r.Name, [.. Words(r.Verbs)], r.Revision)),
            Groups = groups.ToImmutableDictionary(g => (g.Organisation, g.Name), g => new Group(g.Organisation, g.Name, [.. Words(g.Members)], g.Revision)),
            Bindings = bindings.ToImmutableDictionary(b => b.Id, Read),
            Providers = providers.ToImmutableDictionary(p => p.Name, p => p.Organisation, StringComparer.Ordinal),
            ProviderGroups = identities.ToImmutableDictionary(
                i => i.PrincipalId, i => ImmutableArray.CreateRange(Words(i.Groups).Select(g => Group.Of(i.Provider, g))), StringComparer.Ordinal),
        };
    }

    /// <exception cref="InvalidDataException">A stored binding cannot be understood: to go on without it could allow what it denies.</exception>
    private static Binding Read(BindingRow row)
    {
        var form = new BindingForm(row.Role, row.Subject, row.Effect, row.Scope, BindingForm.ParseConditions(row.Conditions));
        return form.Parse(row.Id, new Scope(row.Organisation, row.Project), row.CreatedAt, row.Revision).Try(out var binding, out var refusal)
            ? binding
            : throw new InvalidDataException($"Binding {row.Id} cannot be read: {refusal.Detail}");
    }

    private static string[] Words(string text) => text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
}
