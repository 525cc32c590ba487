using System.Text.Json;
using Microsoft.Playwright;

namespace Merlon.EndToEnd.Tests.Browser;

/// <summary>A real Chromium with a virtual authenticator (WebAuthn over the DevTools protocol).</summary>
internal sealed class BrowserSession : IAsyncDisposable
{
    private readonly IPlaywright _playwright;
    private readonly IBrowser _browser;

    private BrowserSession(IPlaywright playwright, IBrowser browser, IBrowserContext context, IPage page) => (_playwright, _browser, Context, Page) = (playwright, browser, context, page);

    public IBrowserContext Context { get; }
    public IPage Page { get; }

    /// <summary>What the page's own rules forbade, and scripts that failed: there should be none.</summary>
    public List<string> Complaints { get; } = [];

    public static string? Executable => new[] { "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome" }.FirstOrDefault(File.Exists);

    public static async Task<BrowserSession> StartAsync(bool scripts = true, int width = 1440, ColorScheme scheme = ColorScheme.Light)
    {
        var playwright = await Playwright.CreateAsync();
        var browser = await playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions { ExecutablePath = Executable, Args = ["--no-sandbox", "--disable-dev-shm-usage"] });
        var context = await browser.NewContextAsync(new BrowserNewContextOptions
        {
            IgnoreHTTPSErrors = true,
            JavaScriptEnabled = scripts,
            ViewportSize = new ViewportSize { Width = width, Height = 900 },
            ColorScheme = scheme,
        });
        var page = await context.NewPageAsync();
        var session = new BrowserSession(playwright, browser, context, page);
        page.Console += (_, message) =>
        {
            // A refused form is an answer of the server; the browser calls it an error too.
            if (message.Type == "error" && !message.Text.StartsWith("Failed to load resource", StringComparison.Ordinal))
                session.Complaints.Add(message.Text);
        };
        page.PageError += (_, error) => session.Complaints.Add(error);
        return session;
    }

    /// <summary>A platform authenticator whose user is verified, as a fingerprint reader is.</summary>
    public async Task AddAuthenticatorAsync()
    {
        var protocol = await Context.NewCDPSessionAsync(Page);
        await protocol.SendAsync("WebAuthn.enable");
        var options = new Dictionary<string, object>
        {
            ["options"] = new Dictionary<string, object>
            {
                ["protocol"] = "ctap2", ["transport"] = "internal", ["hasResidentKey"] = true, ["hasUserVerification"] = true, ["isUserVerified"] = true, ["automaticPresenceSimulation"] = true,
            },
        };
        await protocol.SendAsync("WebAuthn.addVirtualAuthenticator", JsonSerializer.Deserialize<Dictionary<string, object>>(JsonSerializer.Serialize(options)));
    }

    public async ValueTask DisposeAsync()
    {
        await _browser.DisposeAsync();
        _playwright.Dispose();
    }
}
