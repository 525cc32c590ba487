using System.Data;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata;

namespace Merlon.Architecture.Tests.Schema;

/// <summary>The mapped model and the migrated tables are the same, and each table names its module.</summary>
internal static class SchemaRules
{
    /// <summary>The table that every module's context shares: it ties a change to its event.</summary>
    private const string Outbox = "storage_outbox";

    public static IReadOnlyList<string> Violations(DbContext context, string prefix, SqliteConnection connection) =>
        [.. context.Model.GetEntityTypes().SelectMany(entity => Check(entity, prefix, connection))];

    public static IReadOnlyList<string> StrayTables(IEnumerable<string> prefixes, SqliteConnection connection) =>
        [.. Query(connection, "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'", r => r.GetString(0))
            .Where(table => !prefixes.Any(p => table.StartsWith(p, StringComparison.Ordinal))).Select(table => $"{table} carries no module's prefix")];

    private static IEnumerable<string> Check(IEntityType entity, string prefix, SqliteConnection connection)
    {
        var table = entity.GetTableName()!;
        if (table != Outbox && !table.StartsWith(prefix, StringComparison.Ordinal))
            yield return $"{table} does not begin with {prefix}";
        var columns = Query(connection, $"SELECT name, \"notnull\", pk FROM pragma_table_info('{table}')",
            r => (Name: r.GetString(0), Required: r.GetInt32(1) == 1 || r.GetInt32(2) > 0)).ToDictionary(c => c.Name, c => c.Required, StringComparer.Ordinal);
        var store = StoreObjectIdentifier.Table(table);
        foreach (var property in entity.GetProperties())
        {
            var column = property.GetColumnName(store)!;
            if (!columns.Remove(column, out var required))
                yield return $"{table}.{column} is mapped and does not exist";
            else if (required == property.IsNullable)
                yield return $"{table}.{column} is {(required ? "required" : "nullable")} in the table and {(property.IsNullable ? "nullable" : "required")} in the model";
        }
        foreach (var left in columns.Keys)
            yield return $"{table}.{left} exists and is not mapped";
    }

    private static List<T> Query<T>(SqliteConnection connection, string sql, Func<IDataRecord, T> read)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        using var reader = command.ExecuteReader();
        var rows = new List<T>();
        while (reader.Read())
            rows.Add(read(reader));
        return rows;
    }
}
