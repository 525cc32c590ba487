using System.Net;
using Merlon.Access.Tests.Changes;
using Merlon.ControlHost;
using Merlon.Kernel;
using Microsoft.Extensions.DependencyInjection;

namespace Merlon.Access.Tests.BreakGlass;

public sealed class BreakGlassTests : IAsyncLifetime
{
    private ControlHost.ControlHost _host = null!;

    private ControlClient Owner => _host.Owner!;

    public async Task InitializeAsync() => _host = await AccessHost.StartAsync();

    public async Task DisposeAsync()
    {
        Assert.Empty(_host.Faults);
        await _host.DisposeAsync();
    }

    private async Task<string> SealAsync(int? lifeSeconds = null) => (await Owner.PostAsync("/breakglass/seal", new { lifeSeconds })).Text("code");

    private async Task<ControlAnswer> OpenAsync(string? code) =>
        await ControlAnswer.ReadAsync(await _host.Anonymous.PostAsync("/breakglass/open", ControlClient.Json(new { code })));

    private Task<int> SweepAsync() => _host.Services.GetRequiredService<AccessSweep>().PassAsync(CancellationToken.None);

    [Fact]
    public async Task Opened_GivesAnOwnersRights_WithoutAnySecondFactor_AndRaisesTheAlarmAtOnce()
    {
        var code = await SealAsync();
        Assert.Equal("sealed", (await Owner.GetAsync("/breakglass")).Text("state"));
        Assert.DoesNotContain(_host.Events.All, e => e.Severity == EventSeverity.Critical);
        var opened = await OpenAsync(code);
        var alarm = _host.Events.Of("breakglass.open").Single();
        Assert.Equal((EventSeverity.Critical, opened.Text("principal")), (alarm.Severity, alarm.Actor));
        var glass = _host.Client(opened.Text("token"));
        // What it is for: an owner's way back in.
        Assert.Equal("owner", (await glass.GetAsync("/whoami")).Text("role"));
        Assert.True((await glass.PostAsync("/principals/admin/invitation")).IsSuccess);
        Assert.True((await glass.PostAsync("/principals", new { name = "new-owner", role = "owner" })).IsSuccess);
        Assert.Equal("open", (await glass.GetAsync("/breakglass")).Text("state"));
    }

    [Fact]
    public async Task Code_IsGoodOnce_AndOnlyItsHashIsKept()
    {
        var code = await SealAsync();
        Assert.DoesNotContain(Directory.GetFiles(_host.Directory), file => Read(file).AsSpan().IndexOf(System.Text.Encoding.ASCII.GetBytes(code.Split('_', 3)[2])) >= 0);
        Assert.True((await OpenAsync(code)).IsSuccess);
        Assert.Equal((HttpStatusCode.Unauthorized, "breakglass.wrong"), await StatusAsync(code));
        Assert.Contains(_host.Events.Of("signin.failed"), e => e.StatusCode == "breakglass.wrong");
        // Sealed anew it opens again, with the new code alone.
        var next = await SealAsync();
        Assert.Equal("breakglass.wrong", (await OpenAsync(code)).Code);
        Assert.True((await OpenAsync(next)).IsSuccess);
    }

    [Fact]
    public async Task Code_OpenedByManyAtOnce_OpensOnce()
    {
        var code = await SealAsync();
        var answers = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => OpenAsync(code)));
        Assert.Single(answers, a => a.IsSuccess);
        Assert.Single(_host.Events.Of("breakglass.open"));
        Drain();
    }

    [Fact]
    public async Task Access_EndsWithItsTime_AndWithTheNextSeal()
    {
        var glass = _host.Client((await OpenAsync(await SealAsync(lifeSeconds: 600))).Text("token"));
        _host.Time.Advance(TimeSpan.FromSeconds(590));
        Assert.True((await glass.GetAsync("/principals")).IsSuccess);
        _host.Time.Advance(TimeSpan.FromSeconds(11));
        Assert.Equal(HttpStatusCode.Unauthorized, (await glass.GetAsync("/principals")).Status);
        await SweepAsync();
        Assert.Single(_host.Events.Of("breakglass.expire"));
        await SweepAsync();
        Assert.Single(_host.Events.Of("breakglass.expire"));
        Assert.Equal("used", (await Owner.GetAsync("/breakglass")).Text("state"));
        glass = _host.Client((await OpenAsync(await SealAsync())).Text("token"));
        _host.Time.Advance(TimeSpan.FromMinutes(59));
        Assert.True((await glass.GetAsync("/principals")).IsSuccess);
        await SealAsync();
        Assert.Equal(HttpStatusCode.Unauthorized, (await glass.GetAsync("/principals")).Status);
    }

    [Fact]
    public async Task Review_ListsIt_FromItsUseUntilItIsSealedAgain()
    {
        async Task<bool> IsListedAsync() => (await Owner.GetAsync("/access/review")).Json!["findings"]!.AsArray().Any(f => f!["kind"]!.GetValue<string>() == "break-glass-used");
        var code = await SealAsync();
        Assert.False(await IsListedAsync());
        // Sealed, it is no disabled principal that somebody forgot.
        Assert.DoesNotContain((await Owner.GetAsync("/access/review")).Json!["findings"]!.AsArray(), f => f!["subject"]!.GetValue<string>() == "break-glass");
        await OpenAsync(code);
        _host.Time.Advance(TimeSpan.FromHours(3));
        Assert.True(await IsListedAsync());
        await SealAsync();
        Assert.False(await IsListedAsync());
    }

    [Fact]
    public async Task Guesses_LockTheirNetwork_AndSayNothing()
    {
        var code = await SealAsync();
        for (var i = 0; i < 30; i++)
            Assert.Equal("breakglass.wrong", (await OpenAsync(Access.Contracts.Credential.Mint("mb").Text)).Code);
        var locked = await _host.Anonymous.PostAsync("/breakglass/open", ControlClient.Json(new { code }));
        Assert.Equal(HttpStatusCode.TooManyRequests, locked.StatusCode);
        Assert.NotNull(locked.Headers.RetryAfter);
        _host.Time.Advance(TimeSpan.FromSeconds(31));
        Assert.True((await OpenAsync(code)).IsSuccess);
    }

    [Theory]
    [InlineData("")]
    [InlineData("mb_")]
    [InlineData(null)]
    [InlineData("mt_000000000000000000000000_0000000000000000000000000000000000000000000")]
    public async Task Code_Malformed_IsRefused(string? code) => Assert.Equal("breakglass.wrong", (await OpenAsync(code)).Code);

    [Fact]
    public async Task Seal_IsForWhoHasAnOwnersRights_AndWithinItsBounds()
    {
        var officer = await _host.AddAsync("officer", "security-officer");
        Assert.Equal("access.beyond", (await officer.PostAsync("/breakglass/seal", new { })).Code);
        Assert.Equal("breakglass.life", (await Owner.PostAsync("/breakglass/seal", new { lifeSeconds = (4 * 3_600) + 1 })).Code);
        Assert.Equal("breakglass.life", (await Owner.PostAsync("/breakglass/seal", new { lifeSeconds = 60 })).Code);
        Assert.True((await Owner.PostAsync("/breakglass/seal", new { lifeSeconds = 4 * 3_600 })).IsSuccess);
    }

    /// <summary>A sealed or open envelope is nobody: the last person who owns the organisation stays.</summary>
    [Fact]
    public async Task LastOwner_IsNotTheEnvelope()
    {
        var glass = _host.Client((await OpenAsync(await SealAsync())).Text("token"));
        Assert.Equal("access.last-owner", (await glass.DeleteAsync("/principals/admin")).Code);
    }

    /// <summary>It approves nothing: it is not a person.</summary>
    [Fact]
    public async Task Approval_ByTheEnvelope_IsRefused()
    {
        var change = (await Owner.BindAsync("admin", "auditor", "model/fraud")).Text("change");
        var glass = _host.Client((await OpenAsync(await SealAsync())).Text("token"));
        Assert.Equal("change.person", (await glass.PostAsync($"/access/changes/{change}/approve")).Code);
    }

    private async Task<(HttpStatusCode, string)> StatusAsync(string code)
    {
        var answer = await OpenAsync(code);
        return (answer.Status, answer.Code);
    }

    /// <summary>Failures of the same account counted at the same moment may collide; nothing else may go wrong.</summary>
    private void Drain()
    {
        while (_host.Faults.TryDequeue(out var fault))
            Assert.IsAssignableFrom<Microsoft.EntityFrameworkCore.DbUpdateException>(fault);
    }

    private static byte[] Read(string path)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        var content = new byte[file.Length];
        file.ReadExactly(content);
        return content;
    }
}
