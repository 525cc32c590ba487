using Merlon.Kernel;
using Merlon.Storage.Contracts;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;

namespace Merlon.Storage.Tests;

internal sealed class Item
{
    public required string Id { get; init; }
    public required string Name { get; set; }
}

internal sealed class ItemDb(DbContextOptions<ItemDb> options, OutboxPump outbox) : ModuleDbContext(options, outbox)
{
    public DbSet<Item> Items => Set<Item>();

    protected override void Map(ModelBuilder modelBuilder) => modelBuilder.Entity<Item>().ToTable("thing_items").HasKey(i => i.Id);
}

/// <summary>A ledger that records in order and can refuse, be slow, or take an event and then fail to say so.</summary>
internal sealed class ScriptedSink : IEventSink
{
    private readonly Lock _lock = new();

    public List<Guid> Appended { get; } = [];
    public List<SecurityEvent> Events { get; } = [];
    public bool Refuses { get; set; }
    public bool LosesTheAnswer { get; set; }

    public async ValueTask<long> AppendAsync(SecurityEvent securityEvent, Durability durability, CancellationToken cancellationToken)
    {
        await Task.Yield();
        Assert.Equal(Durability.Disk, durability);
        if (Refuses)
            throw new EvidenceUnavailableException("The disk is full.");
        lock (_lock)
        {
            Appended.Add(securityEvent.Id);
            if (Events.TrueForAll(e => e.Id != securityEvent.Id))
                Events.Add(securityEvent);
        }
        return LosesTheAnswer ? throw new EvidenceUnavailableException("No answer.") : Events.Count - 1;
    }
}

/// <summary>A migrated database file of its own.</summary>
internal sealed class TestDatabase : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("merlon-storage-").FullName;

    public TestDatabase()
    {
        Options = new StorageOptions { DatabasePath = Path.Combine(_directory, "merlon.db"), OutboxKey = Enumerable.Repeat((byte)3, 32).ToArray() };
        Assert.Equal(4, StorageModule.Migrate(Options, TimeProvider.System, typeof(ItemDb).Assembly).Value);
    }

    public StorageOptions Options { get; }
    public ScriptedSink Sink { get; } = new();

    public OutboxPump NewPump() => new(Options, Sink);

    public ItemDb Open(OutboxPump pump) => new(new DbContextOptionsBuilder<ItemDb>().UseSqlite(Options.ConnectionString).Options, pump);

    public long Scalar(string sql)
    {
        using var connection = new SqliteConnection(Options.ConnectionString);
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        return command.ExecuteScalar() as long? ?? 0;
    }

    /// <summary>True when the bytes lie anywhere in the database, its log or its index.</summary>
    public bool FileHolds(ReadOnlySpan<byte> bytes)
    {
        foreach (var path in Directory.GetFiles(_directory))
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            var content = new byte[file.Length];
            file.ReadExactly(content);
            if (content.AsSpan().IndexOf(bytes) >= 0)
                return true;
        }
        return false;
    }

    public static SecurityEvent Event(string message = "Something happened.") => new()
    {
        Id = Guid.CreateVersion7(),
        Time = TimeProvider.System.GetUtcNow(),
        Class = OcsfClass.EntityManagement,
        Activity = 1,
        Operation = "item.create",
        Actor = "p_1",
        Service = "control",
        Message = message,
        Resource = new EventResource("item", "a", Digest.Of("a"u8)),
        Duration = TimeSpan.FromMilliseconds(5),
        Attributes = [("text", "x"), ("number", 1.5)],
        Personal = new PersonalFields("p_1", new byte[] { 1, 2 }, [new("name", "Ada Lovelace")]),
    };

    public void Dispose()
    {
        SqliteConnection.ClearAllPools();
        Directory.Delete(_directory, recursive: true);
    }
}
