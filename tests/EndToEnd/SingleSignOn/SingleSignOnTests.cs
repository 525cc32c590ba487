using Merlon.EndToEnd.Tests.Browser;
using Microsoft.Playwright;

namespace Merlon.EndToEnd.Tests.SingleSignOn;

/// <summary>People of a real identity provider (oidc-provider), in a real Chromium, at the published program.</summary>
public sealed class SingleSignOnTests(ITestOutputHelper output) : IAsyncLifetime
{
    private readonly Instance _instance = new();
    private ProviderPeer _provider = null!;

    public async Task InitializeAsync()
    {
        await _instance.StartAsync();
        await _instance.SignInAsync();
        _provider = new ProviderPeer(Path.Combine(_instance.Folder, "provider"), _instance.Server, _instance.CaFile, "corp");
    }

    public async Task DisposeAsync()
    {
        await _provider.DisposeAsync();
        foreach (var complaint in _provider.Complaints)
            output.WriteLine(complaint);
        await _instance.DisposeAsync();
    }

    private bool IsMissing()
    {
        if (BrowserSession.Executable is not null)
            return false;
        output.WriteLine("Skipped: there is no Chromium on this machine.");
        Console.Error.WriteLine("Skipped: there is no Chromium on this machine.");
        return true;
    }

    private async Task ConnectAsync(params string[] more) => (await _instance.RunAsync(
        ["sso", "add", "corp", "--issuer", _provider.Issuer, "--client-id", "merlon", "--client-secret-file", _provider.SecretFile, "--ca", _provider.CaFile, "--groups-claim", "groups", .. more])).Exits(0);

    /// <summary>From Merlon's page to the provider's, through its form, and back.</summary>
    private async Task SignInAsync(IPage page, string who, bool strong)
    {
        await page.GotoAsync(_instance.Server + "/sign-in");
        await page.ClickAsync("text=Sign in with corp");
        await AnswerAsync(page, who, strong);
    }

    private static async Task AnswerAsync(IPage page, string who, bool strong)
    {
        await page.WaitForURLAsync("**/interaction/*");
        await page.FillAsync("#who", who);
        if (strong)
            await page.CheckAsync("#strong");
        await page.ClickAsync("#go");
    }

    private async Task ArriveAsync(IPage page)
    {
        await page.WaitForSelectorAsync("main");
        Assert.True(page.Url == _instance.Server + "/account", $"At {page.Url}: {await MainAsync(page)}");
    }

    private static Task<string> MainAsync(IPage page) => page.InnerTextAsync("main");

    [Fact]
    public async Task Provider_SignsPeopleIn_WithItsGroupsAndItsSecondFactor_UntilItEndsTheirSession()
    {
        if (IsMissing())
            return;
        _provider.People["sub-1"] = ("Olga.Ort@corp.example", ["/ops team", "staff"]);
        _provider.People["sub-2"] = ("stranger", ["staff"]);
        await _provider.StartAsync();
        await ConnectAsync("--create-people", "true", "--mfa-acr", "gold");
        Assert.Contains("1 keys, sign-in yes, sign-out there yes", (await _instance.RunAsync("sso", "test", "corp")).Exits(0).Output, StringComparison.Ordinal);

        // A group is written as it stands, percent-encoded where it has odd characters.
        (await _instance.RunAsync("binding", "add", "operator", "group:corp/%2Fops%20team")).Exits(0);
        await using var browser = await BrowserSession.StartAsync(scripts: false);
        var page = browser.Page;
        await SignInAsync(page, "sub-2", strong: true);
        Assert.Contains("but not here", await MainAsync(page), StringComparison.Ordinal);

        await page.Context.ClearCookiesAsync();
        await SignInAsync(page, "sub-1", strong: true);
        await ArriveAsync(page);
        Assert.Contains("olga.ort", await page.InnerTextAsync("header"), StringComparison.Ordinal);
        Assert.DoesNotContain("Enrol a second factor first", await MainAsync(page), StringComparison.Ordinal);
        Assert.Contains("You sign in with corp", await MainAsync(page), StringComparison.Ordinal);

        // What she may do comes from the group, and anybody may see why.
        Assert.Contains("corp/%2Fops%20team", (await _instance.RunAsync("access", "explain", "olga.ort", "endpoint:deploy", "project")).Exits(0).Output, StringComparison.Ordinal);

        // A fresh proof: the provider asks again.
        await page.GotoAsync(_instance.Server + "/account/verify?to=/account");
        await page.ClickAsync("text=Prove it with corp");
        await AnswerAsync(page, "sub-1", strong: true);
        await ArriveAsync(page);

        // The provider ends its session: ours ends over the back channel, without the browser.
        await page.GotoAsync(_provider.Issuer + "/session/end");
        await page.ClickAsync("#end");
        await Eventually.TrueAsync(async () =>
        {
            await page.GotoAsync(_instance.Server + "/account");
            return page.Url.Contains("/sign-in", StringComparison.Ordinal);
        }, 10, "the session has ended");
        Assert.Empty(browser.Complaints);

        using var api = _instance.Api();
        foreach (var told in (string[])["provider.create", "sso mfa", "sso.logout", "factor.verify"])
        {
            await Eventually.TrueAsync(
                async () => (await api.EventsAsync("control")).Any(e => e.ToJsonString().Contains(told, StringComparison.Ordinal)), 15, $"'{told}' under a checkpoint");
        }
    }

    [Fact]
    public async Task Provider_ThatChangesItsKeysItsGroupsAndItsMind_IsFollowed()
    {
        if (IsMissing())
            return;
        _provider.OnlyUserInfo = true;
        _provider.People["sub-1"] = ("olga", ["operators"]);
        await _provider.StartAsync();
        await ConnectAsync("--create-people", "true");
        (await _instance.RunAsync("binding", "add", "operator", "group:corp/operators")).Exits(0);
        await using var browser = await BrowserSession.StartAsync(scripts: false);
        var page = browser.Page;

        // Its second factor counts only where that was configured: here it was not.
        await SignInAsync(page, "sub-1", strong: true);
        await ArriveAsync(page);
        Assert.Contains("Enrol a second factor first", await MainAsync(page), StringComparison.Ordinal);
        await page.ClickAsync("text=Sign out");
        Assert.Contains("You are signed out of Merlon", await MainAsync(page), StringComparison.Ordinal);
        await page.ClickAsync("text=Sign out there too");
        await page.ClickAsync("#end");
        await page.WaitForURLAsync(_instance.Server + "/sign-in*");

        // New keys, and she has left the group.
        _provider.People["sub-1"] = ("olga", ["alumni"]);
        await _provider.StartAsync();
        await page.Context.ClearCookiesAsync();
        await SignInAsync(page, "sub-1", strong: false);
        await ArriveAsync(page);
        Assert.DoesNotContain("Enrol a second factor first", await MainAsync(page), StringComparison.Ordinal);
        Assert.NotEqual(0, (await _instance.RunAsync("access", "explain", "olga", "endpoint:deploy", "project")).ExitCode);

        // The person refuses at the provider; what it says is shown as text.
        await page.Context.ClearCookiesAsync();
        await page.GotoAsync(_instance.Server + "/sign-in");
        await page.ClickAsync("text=Sign in with corp");
        await page.ClickAsync("#cancel");
        Assert.Contains("access_denied", await MainAsync(page), StringComparison.Ordinal);
        Assert.Contains("<b>refused</b>", await MainAsync(page), StringComparison.Ordinal);
        // The same answer again, in a browser that carries no state.
        await page.ReloadAsync();
        Assert.Contains("not begun in this browser", await MainAsync(page), StringComparison.Ordinal);

        // Disabled here: whatever the provider says.
        (await _instance.RunAsync("principal", "disable", "olga")).Exits(0);
        await SignInAsync(page, "sub-1", strong: false);
        Assert.Contains("Your account here is disabled", await MainAsync(page), StringComparison.Ordinal);

        await _provider.StopAsync();
        Assert.Contains("cannot be used", (await _instance.RunAsync("sso", "test", "corp")).Error, StringComparison.Ordinal);
        var busy = await _instance.RunAsync("sso", "remove", "corp");
        Assert.Contains("still have bindings", busy.Error, StringComparison.Ordinal);
    }
}
