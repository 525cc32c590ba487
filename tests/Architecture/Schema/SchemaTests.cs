using Merlon.Architecture.Tests.Types;
using Merlon.Kernel;
using Merlon.Storage;
using Merlon.Storage.Contracts;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;

namespace Merlon.Architecture.Tests.Schema;

public sealed class SchemaTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("merlon-schema-").FullName;
    private readonly StorageOptions _options;
    private readonly OutboxPump _outbox;
    private readonly SqliteConnection _connection;

    public SchemaTests()
    {
        _options = new StorageOptions { DatabasePath = Path.Combine(_directory, "empty.db"), OutboxKey = new byte[32] };
        _outbox = new OutboxPump(_options, new NoSink());
        var modules = ModuleAssemblies.All.Select(m => m.Assembly).Where(a => a != typeof(StorageModule).Assembly);
        Assert.False(StorageModule.Migrate(_options, TimeProvider.System, modules).IsRefused);
        _connection = new SqliteConnection(_options.ConnectionString);
        _connection.Open();
    }

    public static TheoryData<string> Contexts => [.. ContextTypes.Select(t => t.FullName!)];

    private static IEnumerable<Type> ContextTypes => ModuleAssemblies.All.SelectMany(m => m.Assembly.GetTypes())
        .Where(t => t.IsSubclassOf(typeof(ModuleDbContext)) && !t.IsAbstract);

    [Theory]
    [MemberData(nameof(Contexts))]
    public void Model_OfAContext_IsTheMigratedTables(string name)
    {
        var type = ContextTypes.Single(t => t.FullName == name);
        using var context = (DbContext)Activator.CreateInstance(type, Options(type), _outbox)!;
        Assert.Empty(SchemaRules.Violations(context, PrefixOf(type), _connection));
    }

    [Fact]
    public void Tables_All_CarryAModulesPrefix() =>
        Assert.Empty(SchemaRules.StrayTables(ModuleAssemblies.All.Select(m => Prefix(m.Module)), _connection));

    [Fact]
    public void Violations_WrongColumnNullabilityAndPrefix_AreFound()
    {
        using (var command = _connection.CreateCommand())
        {
            command.CommandText = "CREATE TABLE other_planted(Id TEXT NOT NULL PRIMARY KEY, Present TEXT NULL, Unmapped TEXT NULL) STRICT; CREATE TABLE nobodys(A INTEGER) STRICT";
            command.ExecuteNonQuery();
        }
        using var context = new PlantedDb((DbContextOptions<PlantedDb>)Options(typeof(PlantedDb)), _outbox);
        Assert.Equal(
            ["other_planted does not begin with planted_", "other_planted.Missing is mapped and does not exist",
                "other_planted.Present is nullable in the table and required in the model", "other_planted.Unmapped exists and is not mapped"],
            SchemaRules.Violations(context, "planted_", _connection));
        Assert.Contains("nobodys carries no module's prefix", SchemaRules.StrayTables(["other_", "storage_"], _connection));
    }

    private static string PrefixOf(Type context) => Prefix(ModuleAssemblies.All.Single(m => m.Assembly == context.Assembly).Module);

    private static string Prefix(string module) => module.Split('/')[^1].ToLowerInvariant() + "_";

    private DbContextOptions Options(Type context)
    {
        var builder = (DbContextOptionsBuilder)Activator.CreateInstance(typeof(DbContextOptionsBuilder<>).MakeGenericType(context))!;
        return builder.UseSqlite(_options.ConnectionString).Options;
    }

    public void Dispose()
    {
        _connection.Dispose();
        _outbox.Dispose();
        SqliteConnection.ClearAllPools();
        Directory.Delete(_directory, recursive: true);
    }

    private sealed class NoSink : IEventSink
    {
        public ValueTask<long> AppendAsync(SecurityEvent securityEvent, Durability durability, CancellationToken cancellationToken) => new(0);
    }

    private sealed class Planted
    {
        public required string Id { get; init; }
        public required string Missing { get; init; }
        public required string Present { get; init; }
    }

    private sealed class PlantedDb(DbContextOptions<PlantedDb> options, OutboxPump outbox) : ModuleDbContext(options, outbox)
    {
        protected override void Map(ModelBuilder modelBuilder) => modelBuilder.Entity<Planted>().ToTable("other_planted").HasKey(p => p.Id);
    }
}
