using System.Globalization;
using Merlon.Access.Contracts;
using Merlon.ControlHost;
using Microsoft.Data.Sqlite;

namespace Merlon.App.Tests.Roles;

/// <summary>A second organisation. No command makes one yet, so its owner is written into the tables.</summary>
internal static class OtherTenant
{
    private const string Organisation = "00000000-0000-7000-8000-0000000000B1";
    private const string Project = "00000000-0000-7000-8000-0000000000B2";

    public static async Task<ControlClient> AddOwnerAsync(ControlHost.ControlHost host)
    {
        var credential = Credential.Mint(Credential.TokenPrefix);
        await using (var connection = new SqliteConnection(host.Storage.ConnectionString))
        {
            await connection.OpenAsync();
            using var command = connection.CreateCommand();
            var now = host.Time.GetUtcNow().ToUnixTimeMilliseconds();
            command.CommandText = $"""
                INSERT INTO access_principals(Id, Organisation, Project, Name, SubjectPublicKey, CreatedAt, Kind)
                    VALUES ('p_other', '{Organisation}', '{Project}', 'stranger', x'00', {now.ToString(CultureInfo.InvariantCulture)}, 'person');
                INSERT INTO access_bindings VALUES ('{Guid.CreateVersion7().ToString().ToUpperInvariant()}', '{Organisation}', '{Project}', 'owner', 'p_other', 'allow', 'organisation', NULL, 0, 1);
                INSERT INTO access_tokens(Id, PrincipalId, SecretHash, CreatedAt, NotAfter, MfaAt)
                    VALUES ('{credential.Id}', 'p_other', $hash, 0, {(now + 3_600_000).ToString(CultureInfo.InvariantCulture)}, {now.ToString(CultureInfo.InvariantCulture)});
                """;
            var hash = new byte[32];
            credential.SecretHash.CopyTo(hash);
            command.Parameters.AddWithValue("$hash", hash);
            await command.ExecuteNonQueryAsync();
        }
        // Any change makes the policy read the tables again.
        await host.AddAsync("someone-else", "caller");
        return host.Client(credential.Text, "p_other");
    }
}
