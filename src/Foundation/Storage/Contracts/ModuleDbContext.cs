using Merlon.Kernel;
using Merlon.Storage.Outbox;
using Microsoft.EntityFrameworkCore;

namespace Merlon.Storage.Contracts;

/// <summary>
/// The base of every module's context. A state change and the event that tells of it are one transaction: <see cref="CommitAsync"/> saves both,
/// then waits until the event is on disk in the ledger.
/// </summary>
public abstract class ModuleDbContext(DbContextOptions options, OutboxPump outbox) : DbContext(options)
{
    /// <summary>
    /// Saves the pending changes together with <paramref name="events"/> and returns when the events are on disk in the ledger.
    /// After a crash between the two, the events are delivered at the next start.
    /// </summary>
    /// <exception cref="EvidenceUnavailableException">The change is stored and its event is queued, but the ledger cannot take it now.</exception>
    public async Task CommitAsync(IEnumerable<SecurityEvent> events, CancellationToken cancellationToken)
    {
        foreach (var securityEvent in events)
            Set<OutboxEntry>().Add(outbox.Seal(Bounded(securityEvent)));
        await SaveChangesAsync(cancellationToken);
        // INVARIANT: from here on the change is durable, so a caller that hangs up must not stop its event.
        await outbox.FlushAsync(CancellationToken.None);
    }

    /// <summary>
    /// Texts quote what came from outside. The ledger bounds an event's size, and an event that it could never take would wait in the outbox for ever,
    /// so they are cut before the change is stored.
    /// </summary>
    private static SecurityEvent Bounded(SecurityEvent securityEvent)
    {
        const int maxMessage = 4_000, maxAttribute = 1_000;
        return securityEvent with
        {
            Message = securityEvent.Message is { Length: > maxMessage } message ? Text.Printable(message, maxMessage) : securityEvent.Message,
            Attributes = securityEvent.Attributes.Any(a => a.Text is { Length: > maxAttribute })
                ? [.. securityEvent.Attributes.Select(a => a.Text is { Length: > maxAttribute } text ? a with { Text = Text.Printable(text, maxAttribute) } : a)]
                : securityEvent.Attributes,
        };
    }

    public Task CommitAsync(SecurityEvent securityEvent, CancellationToken cancellationToken) => CommitAsync([securityEvent], cancellationToken);

    protected sealed override void OnModelCreating(ModelBuilder modelBuilder)
    {
        modelBuilder.Entity<OutboxEntry>(entry =>
        {
            entry.ToTable("storage_outbox");
            entry.HasKey(e => e.Id);
        });
        Map(modelBuilder);
    }

    /// <summary>Maps the module's own tables, each with the module's prefix.</summary>
    protected abstract void Map(ModelBuilder modelBuilder);

    protected override void ConfigureConventions(ModelConfigurationBuilder configurationBuilder)
    {
        configurationBuilder.Properties<Digest>().HaveConversion<DigestConverter>();
        configurationBuilder.Properties<DateTimeOffset>().HaveConversion<UnixMillisecondsConverter>();
    }
}
