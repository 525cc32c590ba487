using System.CommandLine;
using System.Text.Json.Nodes;

namespace Merlon.App.Cli.Access;

/// <summary>Outside issuers, as of a build system, whose tokens become short-lived tokens of a service: no secret has to be kept there.</summary>
internal static class FederationCommand
{
    public static Command Make() => new Command("federation", "Let jobs of a build system act as a service, without a stored secret").With(Add(), List(), Remove());

    private static Command Add()
    {
        var name = Name();
        var issuer = new Option<string>("--issuer") { Description = "Issuer of the tokens, as in https://token.actions.githubusercontent.com", Required = true };
        var ca = new Option<FileInfo?>("--ca") { Description = "CA file of the issuer where the system does not know it" };
        var audience = new Option<string>("--audience") { Description = "The audience that tokens for Merlon carry", Required = true };
        var claims = new Option<string[]>("--claim") { Description = "CLAIM=VALUE that a token must have; a * at the end stands for any rest", Required = true };
        var service = new Option<string>("--service") { Description = "The service that its tokens act as", Required = true };
        var verbs = new Option<string[]>("--verb") { Description = "A verb that its tokens are good for, as in model:push", Required = true };
        var life = new Option<string>("--life") { Description = "Life of each token, 1m to 1h", DefaultValueFactory = _ => "15m" };
        var json = CommandBase.JsonOption();
        return new Command("add", "Trust an issuer's tokens that have these claims").With(name, issuer, ca, audience, claims, service, verbs, life, json).Does(async (result, cancellationToken) =>
        {
            using var api = ApiClient.Open();
            var added = await api.PostAsync("federations", new
            {
                name = result.GetValue(name), issuer = result.GetValue(issuer), audience = result.GetValue(audience), service = result.GetValue(service), verbs = result.GetValue(verbs),
                ca = result.GetValue(ca) is { } file ? file.Exists ? await File.ReadAllTextAsync(file.FullName, cancellationToken) : throw CliException.Usage($"There is no file '{Kernel.Text.Printable(file.FullName, 120)}'.") : null,
                claims = Claims(result.GetValue(claims)!), lifeSeconds = KeyCommand.ParseLife(result.GetValue(life)!),
            }, cancellationToken);
            if (!result.PrintedJson(json, added))
            {
                Output.Line($"'{added.Get("name")}' is trusted as {added.Get("service")}. A job signs in with the issuer's token in a file:");
                Output.Line($"  merlon login --federation {added.Get("clientId")} --assertion FILE --server {api.Server} --ca ca.pem");
            }
            return ExitCodes.Done;
        });
    }

    private static Command List()
    {
        var json = CommandBase.JsonOption();
        return new Command("list", "List trusted issuers").With(json).Does(async (result, cancellationToken) =>
        {
            using var api = ApiClient.Open();
            var all = await api.ListAsync("federations", cancellationToken);
            if (!result.PrintedJson(json, all))
                Output.Table(["NAME", "ISSUER", "CLAIMS", "SERVICE", "VERBS", "CLIENT ID"], all.Items().Select(f => new[]
                {
                    f.Get("name"), f.Get("issuer"), string.Join(' ', f["claims"]!.AsObject().Select(c => $"{c.Key}={c.Value}")), f.Get("service"),
                    string.Join(' ', f["verbs"].Items().Select(v => v.ToString())), f.Get("clientId"),
                }));
            return ExitCodes.Done;
        });
    }

    private static Command Remove()
    {
        var name = Name();
        return new Command("remove", "End the trust; tokens that came of it end").With(name).Does(async (result, cancellationToken) =>
        {
            using var api = ApiClient.Open();
            await api.DeleteAsync("federations/" + Uri.EscapeDataString(result.GetValue(name)!), cancellationToken);
            Output.Line($"'{result.GetValue(name)}' is no longer trusted.");
            return ExitCodes.Done;
        });
    }

    /// <summary>Exchanges the issuer's token for one of the service.</summary>
    public static async Task<Credentials> SignInAsync(string server, string ca, string client, FileInfo? assertion, CancellationToken cancellationToken)
    {
        if (assertion is not { Exists: true })
            throw CliException.Usage("Give the file with the issuer's token: --assertion FILE.");
        using var api = new ApiClient(server, ca, token: null);
        using var form = new FormUrlEncodedContent([
            new("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"), new("client_id", client), new("assertion", (await File.ReadAllTextAsync(assertion.FullName, cancellationToken)).Trim()),
        ]);
        var granted = await api.SendAsync(HttpMethod.Post, "oauth/token", form, cancellationToken);
        return new Credentials(server, ca, granted.Get("access_token"));
    }

    private static JsonObject Claims(string[] given)
    {
        var claims = new JsonObject();
        foreach (var claim in given)
        {
            var equals = claim.IndexOf('=', StringComparison.Ordinal);
            if (equals <= 0 || !claims.TryAdd(claim[..equals], claim[(equals + 1)..]))
                throw CliException.Usage($"'{Kernel.Text.Printable(claim, 80)}' is no claim, or given twice.", "Write CLAIM=VALUE, as in repository=acme/fraud-model.");
        }
        return claims;
    }

    private static Argument<string> Name() => new("NAME") { Description = "Name of the federation" };
}
