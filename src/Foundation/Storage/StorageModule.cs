using System.Data.Common;
using System.Reflection;
using Merlon.Kernel;
using Merlon.Keys;
using Merlon.Storage.Contracts;
using Merlon.Storage.Keys;
using Merlon.Storage.Schema;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Microsoft.Extensions.DependencyInjection;

namespace Merlon.Storage;

/// <summary>Tables, their versions, and the outbox that ties a change to its event.</summary>
public static class StorageModule
{
    public static IServiceCollection AddStorage(this IServiceCollection services, StorageOptions options) => services
        .AddSingleton(options)
        .AddSingleton<OutboxPump>();

    /// <summary>Wrapped keys in the tables; they must be up to date (<see cref="Migrate"/>) before it is used.</summary>
    public static IKeyStore OpenKeyStore(StorageOptions options) => new SqliteKeyStore(options);

    /// <summary>Registers a module's context.</summary>
    public static IServiceCollection AddModuleDbContext<TContext>(this IServiceCollection services)
        where TContext : ModuleDbContext => services.AddDbContext<TContext>((provider, builder) => builder
            .UseSqlite(provider.GetRequiredService<StorageOptions>().ConnectionString)
            .AddInterceptors(DurableCommits.Instance));

    /// <summary>Brings the tables of the given modules (and of this one) up to date. Returns how many steps ran, or why it may not.</summary>
    public static Result<int> Migrate(StorageOptions options, TimeProvider time, params IEnumerable<Assembly> modules) =>
        SchemaMigrator.Apply(options.ConnectionString, modules.Prepend(typeof(StorageModule).Assembly), time);
}

/// <summary>A commit that returned is on disk: SQLite's default in WAL mode would lose the last ones in a power failure.</summary>
internal sealed class DurableCommits : DbConnectionInterceptor
{
    public static readonly DurableCommits Instance = new();

    public override void ConnectionOpened(DbConnection connection, ConnectionEndEventData eventData) => Apply(connection);

    public override Task ConnectionOpenedAsync(DbConnection connection, ConnectionEndEventData eventData, CancellationToken cancellationToken = default)
    {
        Apply(connection);
        return Task.CompletedTask;
    }

    private static void Apply(DbConnection connection)
    {
        using var command = connection.CreateCommand();
        command.CommandText = "PRAGMA synchronous=FULL; PRAGMA secure_delete=ON;";
        command.ExecuteNonQuery();
    }
}
