using Merlon.Access;
using Merlon.ControlHost;
using Merlon.Kernel;
using Microsoft.Data.Sqlite;

namespace Merlon.Access.Tests.SignIn;

public sealed class BootstrapTests : IAsyncLifetime
{
    private ControlHost.ControlHost _host = null!;

    public async Task InitializeAsync()
    {
        _host = await ControlHost.ControlHost.StartAsync(new ControlParts());
        // Back to the first start: nobody is there.
        using var connection = new SqliteConnection(_host.Storage.ConnectionString);
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = "DELETE FROM access_tokens; DELETE FROM access_people; DELETE FROM access_principals; DELETE FROM access_bootstrap_codes";
        command.ExecuteNonQuery();
    }

    public async Task DisposeAsync() => await _host.DisposeAsync();

    private Task<string?> MakeAsync() => AccessModule.MakeBootstrapCodeAsync(_host.Services, recover: false, CancellationToken.None);

    private async Task<ControlAnswer> RedeemAsync(string? code, string name = "admin") =>
        await ControlAnswer.ReadAsync(await _host.Anonymous.PostAsync("/bootstrap", ControlClient.Json(new { code, name })));

    [Fact]
    public async Task Redeem_Code_MakesTheFirstOwner_Once()
    {
        var code = await MakeAsync();
        var redeemed = await RedeemAsync(code);
        Assert.Equal("owner", redeemed.Text("role"));
        Assert.Equal("bootstrap.invalid", (await RedeemAsync(code, "other")).Code);
        Assert.Equal("admin", (await _host.Client(redeemed.Text("token")).GetAsync("/whoami")).Text("name"));
        Assert.Null(await MakeAsync());
        var told = _host.Events.Of("principal.create").Last();
        Assert.Equal((redeemed.Text("principal"), EventSeverity.Medium), (told.Actor, told.Severity));
        Assert.Contains("bootstrap.invalid", _host.Refusals.Unknown);
    }

    [Fact]
    public async Task Redeem_ManyAtOnce_OneWins()
    {
        var code = await MakeAsync();
        var answers = await Task.WhenAll(Enumerable.Range(0, 12).Select(i => Task.Run(() => RedeemAsync(code, $"admin{i}"))));
        Assert.Single(answers, a => a.IsSuccess);
        Assert.All(answers.Where(a => !a.IsSuccess), a => Assert.Equal("bootstrap.invalid", a.Code));
        using var connection = new SqliteConnection(_host.Storage.ConnectionString);
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT count(*) FROM access_principals";
        Assert.Equal(1L, command.ExecuteScalar());
    }

    [Fact]
    public async Task Redeem_ExpiredOrReplacedOrWrongCode_IsRefused()
    {
        var first = await MakeAsync();
        var second = await MakeAsync();
        Assert.Equal("bootstrap.invalid", (await RedeemAsync(first)).Code);
        Assert.Equal("bootstrap.invalid", (await RedeemAsync(null)).Code);
        Assert.Equal("bootstrap.invalid", (await RedeemAsync(second![..^1])).Code);
        _host.Time.Advance(TimeSpan.FromHours(24));
        Assert.Equal("bootstrap.invalid", (await RedeemAsync(second)).Code);
    }

    [Fact]
    public async Task Redeem_WithATypingSpaceOrABadName_IsTakenOrRefused_WithoutUsingTheCode()
    {
        var code = await MakeAsync();
        Assert.Equal("name.invalid", (await RedeemAsync(code, "Not A Name")).Code);
        Assert.True((await RedeemAsync($" {code}\n")).IsSuccess);
    }

    [Fact]
    public async Task Redeem_EvidenceUnavailable_GivesNoToken()
    {
        var code = await MakeAsync();
        _host.Events.Full = true;
        Assert.False((await RedeemAsync(code)).IsSuccess);
    }
}
