using Merlon.ControlHost;
using Merlon.Registry.Contracts;
using Merlon.Registry.Storage;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.DependencyInjection;

namespace Merlon.Registry.Tests;

/// <summary>A control with the registry, as a client sees it over HTTP; and its folders and tables, as an attacker with the disk sees them.</summary>
public sealed class RegistryFixture : IAsyncLifetime
{
    internal static readonly ControlParts Parts = new()
    {
        Tables = [typeof(RegistryModule).Assembly],
        AddServices = (services, directory) => services.AddRegistry(
            new RegistryOptions { BlobDirectory = Path.Combine(directory, "blobs"), StagingDirectory = Path.Combine(directory, "staging") }),
        MapRoutes = routes => routes.MapRegistry(),
    };

    internal ControlHost.ControlHost Host { get; private set; } = null!;
    internal ControlClient Owner => Host.Owner!;
    internal string Blobs => Path.Combine(Host.Directory, "blobs");
    internal string Staging => Path.Combine(Host.Directory, "staging");

    public async Task InitializeAsync() => Host = await ControlHost.ControlHost.StartAsync(Parts);

    public async Task DisposeAsync() => await Host.DisposeAsync();

    internal string[] SealedFiles() => Directory.Exists(Blobs) ? Directory.GetFiles(Blobs, "*.sealed", SearchOption.AllDirectories) : [];

    internal int Execute(string sql)
    {
        using var connection = new SqliteConnection(Host.Storage.ConnectionString);
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        return command.ExecuteNonQuery();
    }

    internal long Count(string sql)
    {
        using var connection = new SqliteConnection(Host.Storage.ConnectionString);
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        return (long)command.ExecuteScalar()!;
    }

    internal async Task<T> InScopeAsync<T>(Func<IServiceProvider, Task<T>> use)
    {
        await using var scope = Host.Services.CreateAsyncScope();
        return await use(scope.ServiceProvider);
    }

    /// <summary>Bytes that do not compress and are the same for the same seed.</summary>
    internal static byte[] Content(int length, int seed)
    {
        var bytes = new byte[length];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }
}
