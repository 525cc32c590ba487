using System.Data.Common;
using Merlon.Kernel;
using Merlon.Keys;
using Merlon.Storage.Contracts;
using Microsoft.Data.Sqlite;

namespace Merlon.Storage.Keys;

/// <summary>Wrapped keys in the database. Every change is on disk when it returns.</summary>
internal sealed class SqliteKeyStore(StorageOptions options) : IKeyStore
{
    private const string Columns = "Id, Kind, Organisation, Project, ParentId, Version, Wrapped, PublicKey, CreatedAt, ShreddedAt";

    public async ValueTask<StoredKey?> FindAsync(string id, CancellationToken cancellationToken)
    {
        await using var connection = await OpenAsync(cancellationToken);
        await using var command = connection.CreateCommand();
        command.CommandText = $"SELECT {Columns} FROM storage_keys WHERE Id = $id";
        command.Parameters.AddWithValue("$id", id);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken) ? Read(reader) : null;
    }

    public async ValueTask<IReadOnlyList<StoredKey>> ChildrenAsync(string parentId, CancellationToken cancellationToken)
    {
        await using var connection = await OpenAsync(cancellationToken);
        await using var command = connection.CreateCommand();
        command.CommandText = $"SELECT {Columns} FROM storage_keys WHERE ParentId = $parent";
        command.Parameters.AddWithValue("$parent", parentId);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var keys = new List<StoredKey>();
        while (await reader.ReadAsync(cancellationToken))
            keys.Add(Read(reader));
        return keys;
    }

    public async ValueTask<bool> TryAddAsync(StoredKey key, CancellationToken cancellationToken)
    {
        await using var connection = await OpenAsync(cancellationToken);
        return await WriteAsync(connection, null, "INSERT OR IGNORE", key, cancellationToken) == 1;
    }

    public async ValueTask ReplaceAsync(IReadOnlyList<StoredKey> keys, CancellationToken cancellationToken)
    {
        await using var connection = await OpenAsync(cancellationToken);
        await using var transaction = (SqliteTransaction)await connection.BeginTransactionAsync(cancellationToken);
        foreach (var key in keys)
            await WriteAsync(connection, transaction, "INSERT OR REPLACE", key, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        // A shredded key must not be found in the write-ahead log either.
        if (keys.Any(k => k.ShreddedAt is not null))
        {
            await using var command = connection.CreateCommand();
            command.CommandText = "PRAGMA wal_checkpoint(TRUNCATE)";
            await command.ExecuteNonQueryAsync(cancellationToken);
        }
    }

    private static async Task<int> WriteAsync(SqliteConnection connection, SqliteTransaction? transaction, string verb, StoredKey key, CancellationToken cancellationToken)
    {
        await using var command = connection.CreateCommand();
        command.Transaction = transaction;
        command.CommandText = $"{verb} INTO storage_keys({Columns}) VALUES ($id, $kind, $organisation, $project, $parent, $version, $wrapped, $public, $created, $shredded)";
        command.Parameters.AddWithValue("$id", key.Id);
        command.Parameters.AddWithValue("$kind", (int)key.Kind);
        command.Parameters.AddWithValue("$organisation", key.Scope.Organisation.ToString());
        command.Parameters.AddWithValue("$project", key.Scope.Project.ToString());
        command.Parameters.AddWithValue("$parent", key.ParentId);
        command.Parameters.AddWithValue("$version", key.Version);
        command.Parameters.AddWithValue("$wrapped", key.Wrapped.ToArray());
        command.Parameters.AddWithValue("$public", key.PublicKey.ToArray());
        command.Parameters.AddWithValue("$created", key.CreatedAt.ToUnixTimeMilliseconds());
        command.Parameters.AddWithValue("$shredded", key.ShreddedAt is { } at ? at.ToUnixTimeMilliseconds() : DBNull.Value);
        return await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private static StoredKey Read(DbDataReader reader) => new()
    {
        Id = reader.GetString(0),
        Kind = (KeyKind)reader.GetInt32(1),
        Scope = new Scope(Guid.Parse(reader.GetString(2)), Guid.Parse(reader.GetString(3))),
        ParentId = reader.GetString(4),
        Version = reader.GetInt32(5),
        Wrapped = (byte[])reader.GetValue(6),
        PublicKey = (byte[])reader.GetValue(7),
        CreatedAt = DateTimeOffset.FromUnixTimeMilliseconds(reader.GetInt64(8)),
        ShreddedAt = reader.IsDBNull(9) ? null : DateTimeOffset.FromUnixTimeMilliseconds(reader.GetInt64(9)),
    };

    private async Task<SqliteConnection> OpenAsync(CancellationToken cancellationToken)
    {
        var connection = new SqliteConnection(options.ConnectionString);
        await connection.OpenAsync(cancellationToken);
        await using var command = connection.CreateCommand();
        command.CommandText = "PRAGMA synchronous=FULL; PRAGMA secure_delete=ON;";
        await command.ExecuteNonQueryAsync(cancellationToken);
        return connection;
    }
}
