using System.Diagnostics;
using System.Globalization;
using Merlon.Access.Tests.Changes;
using Merlon.ControlHost;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.DependencyInjection;

namespace Merlon.Access.Tests.Lists;

/// <summary>Lists of 10,000, a page at a time; and what is swept from the tables.</summary>
public sealed class PagingTests : IAsyncLifetime
{
    private const int Many = 10_000;
    private ControlHost.ControlHost _host = null!;

    private ControlClient Owner => _host.Owner!;

    public async Task InitializeAsync() => _host = await AccessHost.StartAsync();

    public async Task DisposeAsync()
    {
        Assert.Empty(_host.Faults);
        await _host.DisposeAsync();
    }

    private async Task ExecuteAsync(string sql)
    {
        await using var connection = new SqliteConnection(_host.Storage.ConnectionString);
        await connection.OpenAsync();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        await command.ExecuteNonQueryAsync();
    }

    private static string Rows(string insert, string values) =>
        $"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {Many.ToString(CultureInfo.InvariantCulture)}) INSERT INTO {insert} SELECT {values} FROM n";

    private const string Organisation = "00000000-0000-7000-8000-000000000001", Project = "00000000-0000-7000-8000-000000000002";

    private Task FillAsync(string list) => ExecuteAsync(list switch
    {
        "principals" or "services" => Rows("access_principals(Id, Organisation, Project, Name, SubjectPublicKey, CreatedAt, Kind)",
            $"'p_x' || i, '{Organisation}', '{Project}', printf('row-%05d', i), x'00', i, '{list[..^1].Replace("principal", "person", StringComparison.Ordinal)}'"),
        // Of one name, as revoked keys are.
        "keys" => Rows("access_api_keys(KeyId, Organisation, Project, Name, EndpointId, EndpointName, SecretHash, Principal, SubjectPublicKey, CreatedBy, CreatedAt, NotAfter, RevokedAt)",
            $"printf('%024d', i), '{Organisation}', '{Project}', 'row-' || (i % 7), '{Project}', 'fraud', zeroblob(32), 'c_' || i, x'00', 'p', i, 9, 8"),
        "workloads" => Rows("access_workloads", $"'w_' || i, '{Organisation}', '{Project}', printf('row-%05d', i), 'spiffe://x/' || i, x'00', 60, 'p', i, 9, 1"),
        "groups" => Rows("access_groups", $"'{Organisation}', printf('row-%05d', i), '{Owner.Principal}', 1"),
        "roles" => Rows("access_roles", $"'{Organisation}', printf('row-%05d', i), 'model:read', 1"),
        "bindings" => Rows("access_bindings", $"printf('00000000-0000-7000-8000-%012X', i), '{Organisation}', '{Project}', 'auditor', '{Owner.Principal}', 'allow', 'project', NULL, i, 1"),
        "me/sessions" => Rows("access_tokens(Id, PrincipalId, SecretHash, CreatedAt, NotAfter)", $"'t' || i, '{Owner.Principal}', zeroblob(32), 1, 99999999999999"),
        "projects" => Rows("access_projects", $"printf('00000000-0000-7000-8000-%012X', i + 9), '{Organisation}', printf('row-%05d', i), NULL, i, NULL, 1"),
        _ => throw new ArgumentOutOfRangeException(nameof(list), list, "There is no such list."),
    });

    [Theory]
    [InlineData("principals")]
    [InlineData("services")]
    [InlineData("keys")]
    [InlineData("workloads")]
    [InlineData("groups")]
    [InlineData("roles")]
    [InlineData("bindings")]
    [InlineData("me/sessions")]
    [InlineData("projects")]
    public async Task List_OfTenThousand_ComesInPages_EachOnce_AndQuickly(string list)
    {
        await FillAsync(list);
        // Any change makes the policy read the tables again.
        await _host.AddAsync("zz", "caller");
        var seen = new List<string>();
        var clock = Stopwatch.StartNew();
        for (string? cursor = ""; cursor is not null;)
        {
            var page = await Owner.GetAsync($"/{list}?limit=500{(cursor.Length == 0 ? "" : "&after=" + cursor)}");
            Assert.True(page.IsSuccess, page.Body);
            var items = page.Json!["items"]!.AsArray();
            cursor = page.Json["next"]?.GetValue<string>();
            Assert.True(cursor is null || items.Count == 500, "A page that is not the last is full.");
            seen.AddRange(items.Select(i => (i!["keyId"] ?? i["principal"] ?? i["id"] ?? i["name"])!.GetValue<string>()));
        }
        Assert.InRange(seen.Count, Many, Many + 20);
        Assert.Equal(seen.Count, seen.Distinct(StringComparer.Ordinal).Count());
        // Twenty pages on a busy machine; what reads everything for each row takes minutes.
        Assert.InRange(clock.Elapsed.TotalSeconds, 0, 30);
        Assert.Equal("page.limit", (await Owner.GetAsync($"/{list}?limit=501")).Code);
        Assert.Equal("page.limit", (await Owner.GetAsync($"/{list}?limit=0")).Code);
        Assert.Equal("page.cursor", (await Owner.GetAsync($"/{list}?after=%21")).Code);
    }

    [Fact]
    public async Task Idempotency_AfterADay_IsForgotten_ALittleAtATime()
    {
        var body = new { name = "readers", verbs = new[] { "model:read" } };
        Assert.True((await Owner.SendAsync(HttpMethod.Post, "/roles", body, ("Idempotency-Key", "k"))).Answer.IsSuccess);
        await ExecuteAsync("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2500) INSERT INTO access_idempotency SELECT 'a', 'k' || i, zeroblob(32), '{}', 1 FROM n");
        var sweep = _host.Services.GetRequiredService<AccessSweep>();
        foreach (var expected in (int[])[AccessSweep.RowsPerPass, AccessSweep.RowsPerPass, 500, 0])
            Assert.Equal(expected, await sweep.PassAsync(default));
        // A younger one is still answered as before.
        Assert.True((await Owner.SendAsync(HttpMethod.Post, "/roles", body, ("Idempotency-Key", "k"))).Answer.IsSuccess);
        _host.Time.Advance(TimeSpan.FromHours(24));
        Assert.Equal("role.exists", (await Owner.SendAsync(HttpMethod.Post, "/roles", body, ("Idempotency-Key", "k"))).Answer.Code);
        Assert.True((await Owner.SendAsync(HttpMethod.Post, "/roles", body with { name = "others" }, ("Idempotency-Key", "k"))).Answer.IsSuccess);
        _host.Time.Advance(TimeSpan.FromHours(24));
        Assert.Equal(1, await sweep.PassAsync(default));
    }
}
