using System.Reflection;
using System.Text;
using Merlon.Kernel;
using Microsoft.Data.Sqlite;

namespace Merlon.Storage.Schema;

/// <summary>
/// Brings each module's tables up to date from the numbered SQL scripts embedded in its assembly (<c>Migrations/Sqlite/NNN_name.sql</c>),
/// each in one transaction with its record. A script that was changed after it ran, or a database from a newer program, is refused.
/// </summary>
internal static class SchemaMigrator
{
    internal sealed record Script(string Module, int Number, string Name, string Sql)
    {
        public Digest Digest => Digest.Of(Encoding.UTF8.GetBytes(Sql));
    }

    public static Result<int> Apply(string connectionString, IEnumerable<Assembly> modules, TimeProvider time)
    {
        using var connection = new SqliteConnection(connectionString);
        connection.Open();
        Execute(connection, "PRAGMA journal_mode=WAL; PRAGMA secure_delete=ON;");
        Execute(connection, """
            CREATE TABLE IF NOT EXISTS storage_migrations(
                Module TEXT NOT NULL, Number INTEGER NOT NULL, Name TEXT NOT NULL, Digest TEXT NOT NULL, AppliedAt INTEGER NOT NULL,
                PRIMARY KEY(Module, Number)) STRICT;
            """);
        var applied = 0;
        foreach (var assembly in modules)
        {
            var scripts = Read(assembly);
            var done = Applied(connection, assembly.GetName().Name!);
            if (Check(assembly, scripts, done) is { } refusal)
                return refusal;
            foreach (var script in scripts.Where(s => !done.ContainsKey(s.Number)))
            {
                Run(connection, script, time);
                applied++;
            }
        }
        return applied;
    }

    internal static List<Script> Read(Assembly assembly)
    {
        var module = assembly.GetName().Name!;
        var prefix = ".Migrations.Sqlite.";
        return assembly.GetManifestResourceNames()
            .Where(name => name.Contains(prefix, StringComparison.Ordinal) && name.EndsWith(".sql", StringComparison.Ordinal))
            .Select(name =>
            {
                var file = name[(name.IndexOf(prefix, StringComparison.Ordinal) + prefix.Length)..^4];
                using var reader = new StreamReader(assembly.GetManifestResourceStream(name)!, Encoding.UTF8);
                return new Script(module, int.Parse(file.AsSpan(0, 3), System.Globalization.CultureInfo.InvariantCulture), file, reader.ReadToEnd());
            })
            .OrderBy(s => s.Number)
            .ToList();
    }

    private static Refusal? Check(Assembly assembly, List<Script> scripts, Dictionary<int, string> done)
    {
        foreach (var (number, digest) in done)
        {
            var script = scripts.Find(s => s.Number == number);
            if (script is null)
                return new Refusal(RefusalKind.Conflict, "storage.newer",
                    $"The data was written by a newer Merlon ({assembly.GetName().Name} has schema {number}, this program knows {scripts.Count}).")
                {
                    Remedy = "Start the newer program, or restore a backup made by this one.",
                };
            if (!string.Equals(script.Digest.Hex, digest, StringComparison.Ordinal))
                return new Refusal(RefusalKind.Conflict, "storage.changed",
                    $"The data was made with a different schema step {script.Name} of {assembly.GetName().Name}.")
                {
                    Remedy = "Use the program that made the data, or restore a backup.",
                };
        }
        return null;
    }

    private static Dictionary<int, string> Applied(SqliteConnection connection, string module)
    {
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT Number, Digest FROM storage_migrations WHERE Module = $module";
        command.Parameters.AddWithValue("$module", module);
        using var reader = command.ExecuteReader();
        var done = new Dictionary<int, string>();
        while (reader.Read())
            done.Add(reader.GetInt32(0), reader.GetString(1));
        return done;
    }

    private static void Run(SqliteConnection connection, Script script, TimeProvider time)
    {
        using var transaction = connection.BeginTransaction();
        using var command = connection.CreateCommand();
        command.Transaction = transaction;
        command.CommandText = script.Sql;
        command.ExecuteNonQuery();
        command.CommandText = "INSERT INTO storage_migrations VALUES ($module, $number, $name, $digest, $at)";
        command.Parameters.AddWithValue("$module", script.Module);
        command.Parameters.AddWithValue("$number", script.Number);
        command.Parameters.AddWithValue("$name", script.Name);
        command.Parameters.AddWithValue("$digest", script.Digest.Hex);
        command.Parameters.AddWithValue("$at", time.GetUtcNow().ToUnixTimeMilliseconds());
        command.ExecuteNonQuery();
        transaction.Commit();
    }

    private static void Execute(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }
}
