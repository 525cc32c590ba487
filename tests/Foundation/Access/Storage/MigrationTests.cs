using Microsoft.Data.Sqlite;

namespace Merlon.Access.Tests.Storage;

public sealed class MigrationTests
{
    private static string Script(string name)
    {
        using var reader = new StreamReader(typeof(AccessModule).Assembly.GetManifestResourceStream(
            typeof(AccessModule).Assembly.GetManifestResourceNames().Single(n => n.EndsWith($"Sqlite.{name}.sql", StringComparison.Ordinal)))!);
        return reader.ReadToEnd();
    }

    [Fact]
    public void Bindings_OnATableWithRolesAndKeys_TakeTheirPlace()
    {
        using var connection = new SqliteConnection("Data Source=:memory:");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = Script("001_access") + """
            INSERT INTO access_principals VALUES
                ('p_1', 'O', 'P', 'boss', 'owner', x'00', 5, NULL), ('p_2', 'O', 'P', 'ann', 'auditor', x'00', 6, NULL);
            INSERT INTO access_api_keys VALUES
                ('k1', 'O', 'P', 'ci', 'E', 'fraud', x'00', 'c_1', x'00', NULL, 'p_1', 7, 9, NULL),
                ('k2', 'O', 'P', 'old', 'E', 'fraud', x'00', 'c_2', x'00', NULL, 'p_1', 7, 9, 8);
            """ + Script("002_bindings");
        command.ExecuteNonQuery();
        command.CommandText = "SELECT Subject, Role, Scope, Effect, Id FROM access_bindings ORDER BY Subject";
        using var reader = command.ExecuteReader();
        var found = new List<string>();
        while (reader.Read())
        {
            Assert.True(Guid.TryParseExact(reader.GetString(4), "D", out _));
            Assert.Equal(reader.GetString(4).ToUpperInvariant(), reader.GetString(4));
            found.Add($"{reader.GetString(0)} {reader.GetString(1)} {reader.GetString(2)} {reader.GetString(3)}");
        }
        Assert.Equal(["c_1 caller endpoint/fraud allow", "p_1 owner organisation allow", "p_2 auditor project allow"], found);
    }
}
