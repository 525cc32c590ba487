using System.Net;
using Merlon.ControlHost;

namespace Merlon.Access.Tests.SignIn;

/// <summary>Password and second factor over the API, locks, devices, and what a stranger can learn from the answers.</summary>
public sealed class SignInTests : IAsyncLifetime
{
    private const string Password = "plum-ladder-oxide-41";
    private ControlHost.ControlHost _host = null!;
    private ControlClient _ann = null!;

    public async Task InitializeAsync()
    {
        _host = await ControlHost.ControlHost.StartAsync(new ControlParts());
        _ann = await _host.AddAsync("ann", "operator");
        Assert.True((await _ann.PutAsync("/me/password", new { password = Password })).IsSuccess);
    }

    public async Task DisposeAsync() => await _host.DisposeAsync();

    private async Task<ControlAnswer> SignInAsync(string name, string password, string? deviceMark = null) =>
        await ControlAnswer.ReadAsync(await _host.Anonymous.PostAsync("/sign-in", ControlClient.Json(new { name, password, deviceMark })));

    private async Task<ControlAnswer> FactorAsync(string ticket, string code, string? deviceMark = null) =>
        await ControlAnswer.ReadAsync(await _host.Anonymous.PostAsync("/sign-in/factor", ControlClient.Json(new { ticket, code, deviceMark })));

    private Task<string> CodeAsync() => _ann.Person!.Authenticator!.NextAsync(_host.Time);

    [Fact]
    public async Task SignIn_PasswordAndCode_GivesASessionThatMayAct_AndTellsOfIt()
    {
        var first = await SignInAsync("ann", Password);
        Assert.Null(first.Json!["token"]);
        var second = await FactorAsync(first.Text("ticket"), await CodeAsync());
        var me = await _host.Client(second.Text("token")).GetAsync("/whoami");
        Assert.Equal(("ann", "proved"), (me.Text("name"), me.Text("mfa")));
        var told = _host.Events.Of("signin").Last();
        Assert.Equal((_ann.Principal, "pwd otp"), (told.Actor, told.Attributes.Single(a => a.Name == "methods").Text));
        Assert.DoesNotContain(Password, told.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task SignIn_WithoutTheSecondStep_GivesNothing()
    {
        var ticket = (await SignInAsync("ann", Password)).Text("ticket");
        Assert.Equal(HttpStatusCode.Unauthorized, (await _host.Client(ticket).GetAsync("/whoami")).Status);
        Assert.Equal("factor.wrong", (await FactorAsync(ticket, "000000")).Code);
        Assert.Equal("factor.wrong", (await FactorAsync(ticket, "")).Code);
        Assert.Equal("factor.wrong", (await FactorAsync(ticket, new string('7', 4_000))).Code);
        Assert.Equal("signin.expired", (await FactorAsync("mc_nonsense", "000000")).Code);
    }

    [Fact]
    public async Task Code_UsedTwice_IsRefusedTheSecondTime_AlsoAtOnce()
    {
        var code = await CodeAsync();
        var tickets = new[] { (await SignInAsync("ann", Password)).Text("ticket"), (await SignInAsync("ann", Password)).Text("ticket"), (await SignInAsync("ann", Password)).Text("ticket") };
        var answers = await Task.WhenAll(tickets.Select(t => Task.Run(() => FactorAsync(t, code))));
        Assert.Single(answers, a => a.IsSuccess);
        Assert.Equal("factor.wrong", (await _ann.PostAsync("/me/verify", new { code })).Code);
    }

    [Fact]
    public async Task Ticket_UsedTwice_IsGone()
    {
        var ticket = (await SignInAsync("ann", Password)).Text("ticket");
        Assert.True((await FactorAsync(ticket, await CodeAsync())).IsSuccess);
        Assert.Equal("signin.expired", (await FactorAsync(ticket, await CodeAsync())).Code);
        var late = (await SignInAsync("ann", Password)).Text("ticket");
        _host.Time.Advance(TimeSpan.FromMinutes(5));
        Assert.Equal("signin.expired", (await FactorAsync(late, await CodeAsync())).Code);
    }

    [Fact]
    public async Task SignIn_UnknownNameOrWrongPassword_AnswersAlike_AndLocksAlike()
    {
        foreach (var name in (string[])["ann", "nobody"])
        {
            var answers = new List<(HttpStatusCode, string)>();
            for (var i = 0; i < 7; i++)
            {
                var answer = await SignInAsync(name, "wrong-password-here");
                answers.Add((answer.Status, answer.Code));
            }
            Assert.Equal(
                [.. Enumerable.Repeat((HttpStatusCode.Unauthorized, "signin.failed"), 5), .. Enumerable.Repeat((HttpStatusCode.TooManyRequests, "signin.locked"), 2)], answers);
        }
        // Locked: the right password is not even looked at.
        Assert.Equal("signin.locked", (await SignInAsync("ann", Password)).Code);
        Assert.Equal(Kernel.EventSeverity.Medium, _host.Events.Of("signin.failed").Last().Severity);
        Assert.DoesNotContain(_host.Events.All, e => e.ToString().Contains("nobody", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Lock_GrowsWithEachFailure_AndEndsWithASignIn()
    {
        for (var i = 0; i < 5; i++)
            await SignInAsync("ann", "wrong-password-here");
        _host.Time.Advance(TimeSpan.FromSeconds(31));
        Assert.Equal("signin.failed", (await SignInAsync("ann", "wrong-password-here")).Code);
        _host.Time.Advance(TimeSpan.FromSeconds(31));
        Assert.Equal("signin.locked", (await SignInAsync("ann", Password)).Code);
        _host.Time.Advance(TimeSpan.FromSeconds(30));
        Assert.True((await FactorAsync((await SignInAsync("ann", Password)).Text("ticket"), await CodeAsync())).IsSuccess);
        Assert.Equal("signin.failed", (await SignInAsync("ann", "wrong-password-here")).Code);
    }

    [Fact]
    public async Task Lock_ByOthers_DoesNotHoldTheDeviceThatSignedInBefore()
    {
        var mark = (await FactorAsync((await SignInAsync("ann", Password)).Text("ticket"), await CodeAsync())).Text("deviceMark");
        for (var i = 0; i < 6; i++)
            await SignInAsync("ann", "wrong-password-here");
        Assert.Equal("signin.locked", (await SignInAsync("ann", Password)).Code);
        Assert.True((await SignInAsync("ann", Password, mark)).IsSuccess);
        // A mark that was changed, or of someone else, counts as none.
        Assert.Equal("signin.locked", (await SignInAsync("ann", Password, mark[..^2] + "AA")).Code);
        Assert.Equal("signin.locked", (await SignInAsync("ann", Password, mark.Replace(_ann.Principal, _host.Owner!.Principal, StringComparison.Ordinal))).Code);
    }

    [Fact]
    public async Task Network_WithManyFailures_IsLocked_WhateverTheName()
    {
        for (var i = 0; i < 30; i++)
            Assert.Equal("signin.failed", (await SignInAsync($"name{i}", "wrong-password-here")).Code);
        Assert.Equal("signin.locked", (await SignInAsync("ann", Password)).Code);
    }

    [Fact]
    public async Task RecoveryCode_SignsInOnce()
    {
        var bob = await _host.Owner!.PostAsync("/principals", new { name = "bob", role = "operator" });
        var client = _host.Client(bob.Text("token"));
        var authenticator = new Authenticator((await client.PostAsync("/me/totp")).Text("secret"));
        var codes = (await client.PostAsync("/me/totp/confirm", new { code = await authenticator.NextAsync(_host.Time) })).Json!["recoveryCodes"]!.AsArray();
        Assert.Equal(10, codes.Count);
        await client.PutAsync("/me/password", new { password = Password });
        var code = codes[3]!.GetValue<string>();
        Assert.True((await FactorAsync((await SignInAsync("bob", Password)).Text("ticket"), code.ToUpperInvariant().Replace('-', ' '))).IsSuccess);
        Assert.Equal("factor.wrong", (await FactorAsync((await SignInAsync("bob", Password)).Text("ticket"), code)).Code);
        Assert.Equal(9, (await client.GetAsync("/me")).Number("recoveryCodesLeft"));
    }

    [Fact]
    public async Task Invitation_RemovesEveryFactor_AndOnlyByWhoHasTheSameRights()
    {
        var officer = await _host.AddAsync("pat", "security-officer");
        Assert.Equal("access.forbidden", (await officer.PostAsync("/principals/ann/invitation")).Code);
        Assert.Equal("principal.self", (await _host.Owner!.PostAsync("/principals/admin/invitation")).Code);
        var invited = await _host.Owner!.PostAsync("/principals/ann/invitation");
        Assert.Equal(HttpStatusCode.Unauthorized, (await _ann.GetAsync("/whoami")).Status);
        Assert.Equal("signin.failed", (await SignInAsync("ann", Password)).Code);
        Assert.Equal("required", (await _host.Client(invited.Text("token")).GetAsync("/whoami")).Text("mfa"));
        Assert.Equal(Kernel.EventSeverity.High, _host.Events.Of("principal.invite").Single().Severity);
    }

    [Fact]
    public async Task Disabled_Person_LosesSessionsAndKeysAtOnce()
    {
        _host.Endpoints.Known["fraud"] = new Contracts.EndpointReference(Guid.CreateVersion7(), "fraud", "production");
        var pat = await _host.AddAsync("pat", "owner");
        Assert.True((await pat.PostAsync("/keys", new { name = "web", endpoint = "fraud", expiresInSeconds = 3_600 })).IsSuccess);
        var ticket = (await SignInAsync("ann", Password)).Text("ticket");
        await _host.Owner!.DeleteAsync("/principals/pat");
        await _host.Owner!.DeleteAsync("/principals/ann");
        Assert.Equal(HttpStatusCode.Unauthorized, (await pat.GetAsync("/whoami")).Status);
        Assert.NotNull((await _host.Owner!.GetAsync("/keys")).Json!["items"]!.AsArray().Single()!["revokedAt"]);
        Assert.Equal("factor.wrong", (await FactorAsync(ticket, await CodeAsync())).Code);
        Assert.Equal("signin.failed", (await SignInAsync("ann", Password)).Code);
    }

    [Theory]
    [InlineData("short", "password.weak")]
    [InlineData("password1234", "password.weak")]
    [InlineData("Qwertyuiop123!", "password.weak")]
    [InlineData("aaaaaaaaaaaaaaaa", "password.weak")]
    [InlineData("i-am-ann-and-merlon-too", "password.weak")]
    [InlineData("a\u0007bell-in-a-password", "password.weak")]
    public async Task Password_Weak_IsRefused(string password, string code) => Assert.Equal(code, (await _ann.PutAsync("/me/password", new { password })).Code);

    [Fact]
    public async Task Password_Changed_EndsTheOtherSessions_AndNeedsAFreshFactor()
    {
        var other = _host.Client((await FactorAsync((await SignInAsync("ann", Password)).Text("ticket"), await CodeAsync())).Text("token"));
        _host.Time.Advance(TimeSpan.FromMinutes(6));
        Assert.Equal("access.step-up", (await other.PutAsync("/me/password", new { password = "another-good-one-77" })).Code);
        Assert.True((await _ann.PutAsync("/me/password", new { password = "another-good-one-77" })).IsSuccess);
        Assert.Equal(HttpStatusCode.Unauthorized, (await other.GetAsync("/whoami")).Status);
        Assert.Equal("signin.failed", (await SignInAsync("ann", Password)).Code);
        Assert.True((await SignInAsync("ann", "another-good-one-77")).IsSuccess);
    }
}
