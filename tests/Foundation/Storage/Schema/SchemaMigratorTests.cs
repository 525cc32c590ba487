using Merlon.Storage.Schema;
using Microsoft.Data.Sqlite;

namespace Merlon.Storage.Tests.Schema;

public sealed class SchemaMigratorTests : IDisposable
{
    private readonly TestDatabase _database = new();

    private Kernel.Result<int> Migrate() => StorageModule.Migrate(_database.Options, TimeProvider.System, typeof(ItemDb).Assembly);

    [Fact]
    public void Read_Scripts_ComeInTheOrderOfTheirNumbers()
    {
        var scripts = SchemaMigrator.Read(typeof(ItemDb).Assembly);
        Assert.Equal([(1, "001_items"), (2, "002_unique")], scripts.Select(s => (s.Number, s.Name)));
    }

    [Fact]
    public void Migrate_Again_RunsNothing() => Assert.Equal(0, Migrate().Value);

    [Fact]
    public void Migrate_OneStepBehind_RunsThatStep()
    {
        _database.Scalar("DROP INDEX thing_items_name; DELETE FROM storage_migrations WHERE Number = 2 AND Module LIKE '%Storage.Tests'");
        Assert.Equal(1, Migrate().Value);
        Assert.Equal(1, _database.Scalar("SELECT count(*) FROM sqlite_master WHERE name = 'thing_items_name'"));
    }

    [Fact]
    public void Migrate_ScriptChangedAfterItRan_IsRefused()
    {
        _database.Scalar("UPDATE storage_migrations SET Digest = '00' WHERE Number = 1 AND Module LIKE '%Storage.Tests'");
        Assert.Equal("storage.changed", Migrate().Refusal.Code);
    }

    [Fact]
    public void Migrate_DataOfANewerProgram_IsRefused_AndUntouched()
    {
        _database.Scalar("INSERT INTO storage_migrations SELECT Module, 3, '003_future', '00', 0 FROM storage_migrations WHERE Module LIKE '%Storage.Tests' LIMIT 1");
        _database.Scalar("DELETE FROM storage_migrations WHERE Number = 2 AND Module LIKE '%Storage.Tests'");
        Assert.Equal("storage.newer", Migrate().Refusal.Code);
        Assert.Equal(0, _database.Scalar("SELECT count(*) FROM storage_migrations WHERE Number = 2 AND Module LIKE '%Storage.Tests'"));
    }

    [Fact]
    public void Migrate_StepThatFails_IsNotRecorded_AndLeavesNothing()
    {
        // The second step makes a unique index; rows that break it make it fail.
        _database.Scalar("DROP INDEX thing_items_name; DELETE FROM storage_migrations WHERE Number = 2 AND Module LIKE '%Storage.Tests'");
        _database.Scalar("INSERT INTO thing_items VALUES ('1', 'same'), ('2', 'same')");
        Assert.Throws<SqliteException>(() => Migrate());
        Assert.Equal(0, _database.Scalar("SELECT count(*) FROM storage_migrations WHERE Number = 2 AND Module LIKE '%Storage.Tests'"));
        _database.Scalar("DELETE FROM thing_items WHERE Id = '2'");
        Assert.Equal(1, Migrate().Value);
    }

    public void Dispose() => _database.Dispose();
}
