using System.Net;
using Merlon.Access.Contracts;
using Merlon.ControlHost;
using Merlon.Kernel;

namespace Merlon.Access.Tests.Changes;

public sealed class BindingTests : IAsyncLifetime
{
    private ControlHost.ControlHost _host = null!;

    private ControlClient Owner => _host.Owner!;

    public async Task InitializeAsync() => _host = await AccessHost.StartAsync();

    public async Task DisposeAsync()
    {
        Assert.Empty(_host.Faults);
        await _host.DisposeAsync();
    }

    [Fact]
    public async Task Binding_OnOneResource_OpensThatOne_AndIsGoneWhenRemoved()
    {
        var ann = await _host.AddAsync("ann", "caller");
        Assert.Equal(HttpStatusCode.Forbidden, (await ann.GetAsync("/models/fraud")).Status);
        var bound = await Owner.BindAsync("ann", "auditor", "model/fraud");
        Assert.Equal(HttpStatusCode.Created, bound.Status);
        Assert.Equal(HttpStatusCode.OK, (await ann.GetAsync("/models/fraud")).Status);
        Assert.Equal(HttpStatusCode.Forbidden, (await ann.GetAsync("/models/other")).Status);
        Assert.True((await Owner.DeleteAsync("/bindings/" + bound.Id())).IsSuccess);
        Assert.Equal(HttpStatusCode.Forbidden, (await ann.GetAsync("/models/fraud")).Status);
        Assert.Equal([OcsfClass.AccountChange, OcsfClass.AccountChange], _host.Events.All.Where(e => e.Operation is "binding.create" or "binding.delete").Select(e => e.Class));
    }

    [Fact]
    public async Task Binding_Deny_WinsAtOnce()
    {
        var ann = await _host.AddAsync("ann", "ml-engineer");
        Assert.Equal(HttpStatusCode.OK, (await ann.GetAsync("/models/fraud")).Status);
        await Owner.BindAsync("ann", "auditor", "model/fraud", "deny");
        Assert.Equal("access.forbidden", (await ann.GetAsync("/models/fraud")).Code);
        Assert.Equal(HttpStatusCode.OK, (await ann.GetAsync("/models/other")).Status);
    }

    [Fact]
    public async Task Binding_ToAnEnvironment_AllowsThatEnvironmentOnly()
    {
        var ann = await _host.AddAsync("ann", "caller");
        await Owner.BindAsync("ann", "operator", conditions: new { environments = new[] { "staging" } });
        Assert.Equal("access.mfa-required", (await ann.PostAsync("/endpoints/fraud/try", new { environment = "staging" })).Code);
        await _host.EnrolAsync(ann);
        Assert.Equal(HttpStatusCode.OK, (await ann.PostAsync("/endpoints/fraud/try", new { environment = "staging" })).Status);
        Assert.Equal("access.forbidden", (await ann.PostAsync("/endpoints/fraud/try", new { environment = "production" })).Code);
        Assert.Equal("access.forbidden", (await ann.PostAsync("/endpoints/fraud/try", new { })).Code);
        Assert.Equal(HttpStatusCode.Unauthorized, (await _host.Anonymous.PostAsync("/endpoints/fraud/try", ControlClient.Json(new { environment = "staging" }))).StatusCode);
    }

    [Fact]
    public async Task Binding_AtItsEnd_AllowsNoMore()
    {
        var ann = await _host.AddAsync("ann", "caller");
        await Owner.BindAsync("ann", "auditor", conditions: new { notAfter = _host.Time.GetUtcNow().AddMinutes(5) });
        Assert.Equal(HttpStatusCode.OK, (await ann.GetAsync("/models/fraud")).Status);
        _host.Time.Advance(TimeSpan.FromMinutes(6));
        Assert.Equal(HttpStatusCode.Forbidden, (await ann.GetAsync("/models/fraud")).Status);
    }

    [Theory]
    [InlineData("ann", "nobody", "project", "allow", "role.unknown")]
    [InlineData("eve", "auditor", "project", "allow", "principal.unknown")]
    [InlineData("group:none", "auditor", "project", "allow", "principal.unknown")]
    [InlineData("ann", "auditor", "model/../x", "allow", "binding.scope")]
    [InlineData("ann", "auditor", "model/fr\u0430ud", "allow", "binding.scope")]
    [InlineData("\u0430nn", "auditor", "project", "allow", "principal.unknown")]
    [InlineData("ann", "auditor", "project", "maybe", "binding.effect")]
    public async Task Binding_Invalid_IsRefused(string subject, string role, string scope, string effect, string code)
    {
        await _host.AddAsync("ann", "caller");
        Assert.Equal(code, (await Owner.BindAsync(subject, role, scope, effect)).Code);
    }

    [Theory]
    [InlineData("{\"networks\":[\"10.0.0.0/33\"]}")]
    [InlineData("{\"networks\":[\"all\"]}")]
    [InlineData("{\"networks\":[null]}")]
    [InlineData("{\"hours\":\"8-18\"}")]
    [InlineData("{\"hours\":\"08:00-08:00\"}")]
    [InlineData("{\"maxMfaAgeSeconds\":0}")]
    [InlineData("{\"notBefore\":\"2026-01-02T00:00:00Z\",\"notAfter\":\"2026-01-01T00:00:00Z\"}")]
    public async Task Binding_ConditionThatIsNone_IsRefused(string conditions) => Assert.Equal("binding.condition",
        (await Owner.BindAsync("admin", "auditor", conditions: System.Text.Json.Nodes.JsonNode.Parse(conditions))).Code);

    [Fact]
    public async Task Binding_OverTheBound_IsRefused()
    {
        await _host.AddAsync("ann", "caller");
        for (var i = 1; i < 200; i++)
            Assert.True((await Owner.BindAsync("ann", "caller", $"endpoint/e{i}")).IsSuccess);
        Assert.Equal("binding.too-many", (await Owner.BindAsync("ann", "caller", "endpoint/one-more")).Code);
    }

    [Fact]
    public async Task Binding_AfterTenThousand_IsRefused_AndDecisionsGoOn()
    {
        var ann = await _host.AddAsync("ann", "caller");
        await using (var connection = new Microsoft.Data.Sqlite.SqliteConnection(_host.Storage.ConnectionString))
        {
            await connection.OpenAsync();
            using var command = connection.CreateCommand();
            // Two are there: the owner's and ann's. One is left.
            command.CommandText = """
                INSERT INTO access_bindings
                    WITH RECURSIVE n(i) AS (VALUES(1) UNION ALL SELECT i + 1 FROM n WHERE i < 9997)
                    SELECT printf('00000000-0000-7000-8000-%012X', i), b.Organisation, b.Project, 'caller', 'p_' || i, 'allow', 'endpoint/e' || i, NULL, 0, 1
                    FROM n JOIN (SELECT Organisation, Project FROM access_bindings LIMIT 1) b;
                """;
            await command.ExecuteNonQueryAsync();
        }
        Assert.True((await Owner.BindAsync("ann", "auditor", "model/fraud")).IsSuccess);
        Assert.Equal("binding.too-many", (await Owner.BindAsync("ann", "auditor", "model/one-more")).Code);
        Assert.Equal(HttpStatusCode.OK, (await ann.GetAsync("/models/fraud")).Status);
        Assert.Equal(HttpStatusCode.Forbidden, (await ann.GetAsync("/models/third")).Status);
    }

    [Fact]
    public async Task List_InPages_ShowsEachOnce_AndRefusesWhatIsNoCursor()
    {
        await _host.AddAsync("ann", "caller");
        for (var i = 0; i < 5; i++)
            await Owner.BindAsync("ann", "caller", $"endpoint/e{i}");
        var seen = new List<string>();
        for (string? cursor = ""; cursor is not null;)
        {
            var page = await Owner.GetAsync($"/bindings?limit=2{(cursor.Length == 0 ? "" : "&after=" + cursor)}");
            seen.AddRange(page.Json!["items"]!.AsArray().Select(b => b!["id"]!.GetValue<string>()));
            cursor = page.Json["next"]?.GetValue<string>();
        }
        Assert.Equal(7, seen.Distinct().Count());
        Assert.Equal(7, seen.Count);
        Assert.Equal("page.cursor", (await Owner.GetAsync("/bindings?after=%00")).Code);
        Assert.Equal("page.limit", (await Owner.GetAsync("/bindings?limit=501")).Code);
    }

    [Fact]
    public async Task Update_WithAnOldOrNoRevision_IsRefused()
    {
        await _host.AddAsync("ann", "caller");
        var id = (await Owner.BindAsync("ann", "auditor")).Id();
        var body = new { role = "approver", subject = "ann", effect = "allow", scope = "project" };
        Assert.Equal(HttpStatusCode.PreconditionRequired, (await Owner.SendAsync(HttpMethod.Put, "/bindings/" + id, body)).Answer.Status);
        var (first, tag) = await Owner.SendAsync(HttpMethod.Put, "/bindings/" + id, body, ("If-Match", "\"1\""));
        Assert.Equal((HttpStatusCode.OK, "\"2\""), (first.Status, tag));
        Assert.Equal(HttpStatusCode.PreconditionFailed, (await Owner.SendAsync(HttpMethod.Put, "/bindings/" + id, body, ("If-Match", "\"1\""))).Answer.Status);
        Assert.Equal("precondition.invalid", (await Owner.SendAsync(HttpMethod.Put, "/bindings/" + id, body, ("If-Match", "*"))).Answer.Code);
        Assert.Equal("\"2\"", (await Owner.SendAsync(HttpMethod.Get, "/bindings/" + id, null)).ETag);
    }

    [Fact]
    public async Task Create_SentTwiceWithOneKey_HappensOnce()
    {
        await _host.AddAsync("ann", "caller");
        var body = new { role = "auditor", subject = "ann", effect = "allow", scope = "project" };
        var first = (await Owner.SendAsync(HttpMethod.Post, "/bindings", body, ("Idempotency-Key", "k1"))).Answer;
        var second = (await Owner.SendAsync(HttpMethod.Post, "/bindings", body, ("Idempotency-Key", "k1"))).Answer;
        Assert.Equal(first.Id(), second.Id());
        Assert.Single(_host.Events.Of("binding.create"));
        Assert.Equal("idempotency.reused", (await Owner.SendAsync(HttpMethod.Post, "/bindings", new { role = "owner", subject = "ann", effect = "allow", scope = "project" }, ("Idempotency-Key", "k1"))).Answer.Code);
        Assert.Equal("idempotency.key", (await Owner.SendAsync(HttpMethod.Post, "/bindings", body, ("Idempotency-Key", new string('k', 129)))).Answer.Code);
    }

    [Fact]
    public async Task Change_ThatCannotBeRecorded_IsNotAcknowledged_AndDecisionsFollowTheTables()
    {
        var ann = await _host.AddAsync("ann", "ml-engineer");
        _host.Events.Full = true;
        Assert.False((await Owner.BindAsync("ann", "auditor", "model/fraud", "deny")).IsSuccess);
        Assert.Equal(HttpStatusCode.Forbidden, (await ann.GetAsync("/models/fraud")).Status);
        Assert.NotEmpty(_host.Faults);
        _host.Faults.Clear();
        _host.Events.Full = false;
    }
}
