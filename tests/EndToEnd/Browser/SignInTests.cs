using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Merlon.ControlHost;
using Microsoft.Playwright;

namespace Merlon.EndToEnd.Tests.Browser;

/// <summary>People in a real Chromium: enrolment, both kinds of second factor, step-up, lock and recovery, sessions, and the command line's device flow.</summary>
public sealed partial class SignInTests(ITestOutputHelper output) : IAsyncLifetime
{
    private const string Password = "plum-ladder-oxide-41";
    private readonly Instance _instance = new();

    public async Task InitializeAsync()
    {
        await _instance.StartAsync();
        await _instance.SignInAsync();
    }

    public async Task DisposeAsync() => await _instance.DisposeAsync();

    [GeneratedRegex(@"[0-9a-z]{5}-[0-9a-z]{5}", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex RecoveryCode();

    private static bool IsMissing(ITestOutputHelper output)
    {
        if (BrowserSession.Executable is not null)
            return false;
        output.WriteLine("Skipped: there is no Chromium on this machine.");
        Console.Error.WriteLine("Skipped: there is no Chromium on this machine.");
        return true;
    }

    private async Task<string> InviteAsync(string name, string role) =>
        (await _instance.RunAsync("principal", "create", name, "--role", role, "--json")).Exits(0).Json["token"]!.GetValue<string>();

    private async Task EnrolAsync(BrowserSession browser, string code)
    {
        await browser.Page.GotoAsync(_instance.Server + "/enrol");
        await browser.Page.FillAsync("#code", code);
        await browser.Page.ClickAsync("button[type=submit]");
        await browser.Page.WaitForURLAsync("**/account");
    }

    private static async Task<(Authenticator Authenticator, string[] Recovery)> EnrolTotpAsync(IPage page)
    {
        await page.ClickAsync("button:has-text('Enrol an authenticator')");
        var authenticator = new Authenticator((await page.InnerTextAsync("#secret")).Trim());
        Assert.Equal("img", await page.GetAttributeAsync("svg.merlon-qr", "role"));
        await page.FillAsync("#code", await authenticator.NextAsync(TimeProvider.System));
        await page.ClickAsync("button:has-text('Enrol')");
        var codes = RecoveryCode().Matches(await page.InnerTextAsync("#recovery-codes")).Select(m => m.Value).ToArray();
        Assert.Equal(10, codes.Length);
        await page.ClickAsync("text=I have kept them");
        return (authenticator, codes);
    }

    private async Task PasswordAsync(IPage page, string name, string password)
    {
        await page.GotoAsync(_instance.Server + "/sign-in");
        await page.FillAsync("#name", name);
        await page.FillAsync("#password", password);
        await page.ClickAsync("text=Go on");
    }

    private static async Task SignOutAsync(IPage page)
    {
        await page.ClickAsync("text=Sign out");
        await page.WaitForURLAsync("**/sign-in");
    }

    [Fact]
    public async Task Passkey_Enrolled_SignsIn_StepsUp_AndLeavesNoComplaint()
    {
        if (IsMissing(output))
            return;
        await using var browser = await BrowserSession.StartAsync();
        await browser.AddAuthenticatorAsync();
        var page = browser.Page;
        await EnrolAsync(browser, await InviteAsync("petra", "operator"));
        Assert.Contains("Enrol a second factor first", await page.InnerTextAsync("main"), StringComparison.Ordinal);
        await page.FillAsync("#passkey-name", "This laptop");
        await page.ClickAsync("button:has-text('Enrol a passkey')");
        await page.WaitForSelectorAsync("#recovery-codes");
        await page.ClickAsync("text=I have kept them");
        Assert.Contains("This laptop", await page.InnerTextAsync("main"), StringComparison.Ordinal);
        await SignOutAsync(page);

        await page.ClickAsync("text=Sign in with a passkey");
        await page.WaitForURLAsync("**/account");
        Assert.Contains("petra", await page.InnerTextAsync("header"), StringComparison.Ordinal);

        await page.GotoAsync(_instance.Server + "/account/verify?to=/account");
        await page.ClickAsync("button:has-text('Use your passkey')");
        await page.WaitForURLAsync("**/account");
        Assert.Empty(browser.Complaints);

        using var api = _instance.Api();
        foreach (var told in (string[])["passkey.enrol", "hwk user"])
        {
            await Eventually.TrueAsync(
                async () => (await api.EventsAsync("control")).Any(e => e.ToJsonString().Contains(told, StringComparison.Ordinal)), 15, $"'{told}' under a checkpoint");
        }
    }

    [Fact]
    public async Task Totp_Enrolled_SignsIn_IsLockedOut_AndRecovers_WithScriptsOff()
    {
        if (IsMissing(output))
            return;
        await using var browser = await BrowserSession.StartAsync(scripts: false);
        var page = browser.Page;
        await EnrolAsync(browser, await InviteAsync("theo", "operator"));
        var (authenticator, recovery) = await EnrolTotpAsync(page);
        await page.FillAsync("#password", Password);
        await page.ClickAsync("button:has-text('Set')");
        await page.WaitForURLAsync("**/account");
        await SignOutAsync(page);

        await PasswordAsync(page, "theo", Password);
        await page.FillAsync("#code", await authenticator.NextAsync(TimeProvider.System));
        await page.ClickAsync("button:has-text('Sign in')");
        await page.WaitForURLAsync("**/account");
        await SignOutAsync(page);

        // Somebody else guesses, in a browser that never signed in: theo's own browser is not locked, theirs is.
        await using var other = await BrowserSession.StartAsync(scripts: false);
        for (var i = 0; i < 6; i++)
            await PasswordAsync(other.Page, "theo", "wrong-password-here");
        Assert.Contains("too many failed sign-ins", await other.Page.InnerTextAsync("main"), StringComparison.Ordinal);
        await PasswordAsync(other.Page, "theo", Password);
        Assert.Contains("too many failed sign-ins", await other.Page.InnerTextAsync("main"), StringComparison.Ordinal);

        await PasswordAsync(page, "theo", Password);
        await page.FillAsync("#code", recovery[0]);
        await page.ClickAsync("button:has-text('Sign in')");
        await page.WaitForURLAsync("**/account");
        Assert.Contains("9 left", await page.InnerTextAsync("main"), StringComparison.Ordinal);
        await SignOutAsync(page);
        await PasswordAsync(page, "theo", Password);
        await page.FillAsync("#code", recovery[0]);
        await page.ClickAsync("button:has-text('Sign in')");
        Assert.Contains("not right, or it was used before", await page.InnerTextAsync("main"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task CommandLine_ConfirmedInTheBrowser_IsSignedIn_AndIsListedAndEnded()
    {
        if (IsMissing(output))
            return;
        await using var browser = await BrowserSession.StartAsync();
        var page = browser.Page;
        await EnrolAsync(browser, await InviteAsync("dora", "operator"));
        await EnrolTotpAsync(page);
        using var client = new HttpClient(ControlApi.Handler(await File.ReadAllTextAsync(_instance.CaFile))) { BaseAddress = new Uri(_instance.Server + "/api/v1/") };
        using var begun = await client.PostAsync("device", JsonContent("""{"device":"a laptop"}"""));
        var grant = JsonNode.Parse(await begun.Content.ReadAsStringAsync())!;
        await page.GotoAsync($"{_instance.Server}/device?code={grant["userCode"]}");
        Assert.Contains("a laptop", await page.InnerTextAsync("main"), StringComparison.Ordinal);
        using (var early = await client.PostAsync("device/token", JsonContent($$"""{"deviceCode":"{{grant["deviceCode"]}}"}""")))
            Assert.Contains("authorization_pending", await early.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        await page.ClickAsync("button:has-text('Confirm')");
        Assert.Contains("is signed in", await page.InnerTextAsync("#done"), StringComparison.Ordinal);
        string token;
        using (var redeemed = await client.PostAsync("device/token", JsonContent($$"""{"deviceCode":"{{grant["deviceCode"]}}"}""")))
            token = JsonNode.Parse(await redeemed.Content.ReadAsStringAsync())!["token"]!.GetValue<string>();
        using (var twice = await client.PostAsync("device/token", JsonContent($$"""{"deviceCode":"{{grant["deviceCode"]}}"}""")))
            Assert.Contains("expired_token", await twice.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        using var api = _instance.Api(token);
        Assert.Equal(("dora", "proved"), ((await api.GetAsync("whoami"))["name"]!.GetValue<string>(), (await api.GetAsync("whoami"))["mfa"]!.GetValue<string>()));

        await page.GotoAsync(_instance.Server + "/account");
        Assert.Contains("Command line", await page.InnerTextAsync("main"), StringComparison.Ordinal);
        await page.ClickAsync("text=End all others");
        using var refused = await api.SendAsync(HttpMethod.Get, "whoami");
        Assert.Equal(401, (int)refused.StatusCode);
    }

    private static StringContent JsonContent(string json) => new(json, System.Text.Encoding.UTF8, "application/json");
}
