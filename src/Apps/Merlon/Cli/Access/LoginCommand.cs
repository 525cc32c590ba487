using System.CommandLine;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using Merlon.App.Up;

namespace Merlon.App.Cli.Access;

/// <summary>Sign in, sign out, and who am I.</summary>
internal static class LoginCommand
{
    public static Command Make()
    {
        var bootstrap = new Option<string?>("--bootstrap") { Description = "The one-time code that the first 'merlon up' printed" };
        var token = new Option<string?>("--token") { Description = "An enrolment code or access token, as made by 'merlon principal create' or 'merlon service create'" };
        var ca = new Option<FileInfo?>("--ca") { Description = "CA file of the server; needed without --bootstrap on a machine that has not signed in before" };
        var server = new Option<string>("--server") { Description = "Address of the control API", DefaultValueFactory = _ => "https://localhost:8443" };
        var name = new Option<string?>("--name") { Description = "Your name: for the first administrator, or to sign in with password and code instead of a browser" };
        var federation = new Option<string?>("--federation") { Description = "Client id of a federation, for a job that has its build system's token" };
        var assertion = new Option<FileInfo?>("--assertion") { Description = "File with that token" };
        return new Command("login", "Sign in to a Merlon server: through a browser, or with --name, --token, --federation or --bootstrap").With(bootstrap, token, ca, server, name, federation, assertion).Does(async (result, cancellationToken) =>
        {
            var (code, given, who) = (result.GetValue(bootstrap), result.GetValue(token), result.GetValue(name));
            if (code is not null && given is not null)
                throw CliException.Usage("Sign in with either --bootstrap CODE or --token TOKEN.");
            var address = result.GetValue(server)!;
            if (!Credentials.IsAddress(address))
                throw CliException.Usage($"'{Kernel.Text.Printable(address, 80)}' is not the address of a server.", "Write --server https://HOST:PORT.");
            var credentials = code is not null ? await RedeemAsync(address, code, who, cancellationToken)
                : given is not null ? new Credentials(address, ReadCa(result.GetValue(ca)), given)
                : result.GetValue(federation) is { } client ? await FederationCommand.SignInAsync(address, ReadCa(result.GetValue(ca)), client, result.GetValue(assertion), cancellationToken)
                : who is not null ? await SignInSteps.WithPasswordAsync(address, ReadCa(result.GetValue(ca)), who, cancellationToken)
                : await SignInSteps.WithBrowserAsync(address, ReadCa(result.GetValue(ca)), cancellationToken);
            using var api = new ApiClient(credentials.Server, credentials.CaPem, credentials.Token);
            var me = await api.GetAsync("whoami", cancellationToken);
            credentials.Save();
            Output.Line($"Signed in to {credentials.Server} as {me.Get("name")} ({me.Get("role")}).");
            if (me.Get("mfa") == "required")
                await Enrolment.FirstAsync(api, cancellationToken);
            return ExitCodes.Done;
        });
    }

    public static Command MakeLogout() => new Command("logout", "Sign out and revoke the token of this machine").Does(async (_, cancellationToken) =>
    {
        using (var api = ApiClient.Open())
            await api.PostAsync("logout", null, cancellationToken);
        Credentials.Forget();
        Output.Line("Signed out.");
        return ExitCodes.Done;
    });

    public static Command MakeWhoAmI()
    {
        var json = CommandBase.JsonOption();
        return new Command("whoami", "Show who you are signed in as").With(json).Does(async (result, cancellationToken) =>
        {
            using var api = ApiClient.Open();
            var me = await api.GetAsync("whoami", cancellationToken);
            if (!result.PrintedJson(json, me))
                Output.Line($"{me.Get("name")} ({me.Get("role")}), {me.Get("principal")}, at {api.Server}");
            return ExitCodes.Done;
        });
    }

    /// <summary>The code carries the fingerprint of the CA, so that the server is verified before the code is sent, without reading any file of it.</summary>
    internal static async Task<Credentials> RedeemAsync(string server, string text, string? name, CancellationToken cancellationToken)
    {
        if (!BootstrapText.TryParse(text, out var code, out var fingerprint))
            throw CliException.Usage("This is not a bootstrap code.", "Copy it whole, as the first 'merlon up' printed it.");
        var pem = await FetchCaAsync(server, cancellationToken);
        if (!BootstrapText.Matches(pem, fingerprint))
            throw CliException.Refused($"{server} is not the server that printed this code: its CA has another fingerprint.");
        using var api = new ApiClient(server, pem, token: null);
        var answer = await api.PostAsync("bootstrap", new JsonObject { ["code"] = code, ["name"] = name }, cancellationToken);
        return new Credentials(server, pem, answer.Get("token"));
    }

    private static async Task<string> FetchCaAsync(string server, CancellationToken cancellationToken)
    {
        // Unverified on purpose: what comes is only believed if it has the fingerprint of the code.
        using var http = new HttpClient(new SocketsHttpHandler { SslOptions = { RemoteCertificateValidationCallback = (_, _, _, _) => true }, UseProxy = false });
        try
        {
            return await http.GetStringAsync(new Uri(server.TrimEnd('/') + "/api/v1/ca"), cancellationToken);
        }
        catch (HttpRequestException)
        {
            throw CliException.Unreachable($"No Merlon answers at {server}.", "Start it with: merlon up");
        }
    }

    internal static string ReadCa(FileInfo? file)
    {
        if (file is null)
            return Credentials.Load().CaPem;
        if (!file.Exists)
            throw CliException.Unreachable($"There is no CA file '{file.FullName}'.");
        var pem = File.ReadAllText(file.FullName);
        try
        {
            using var certificate = X509Certificate2.CreateFromPem(pem);
            return pem;
        }
        catch (CryptographicException)
        {
            throw CliException.Usage($"'{file.FullName}' holds no certificate (PEM).", "The server's CA is the file ca.pem in its data folder.");
        }
    }
}
