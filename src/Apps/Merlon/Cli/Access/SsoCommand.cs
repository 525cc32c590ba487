using System.CommandLine;
using System.Text.Json.Nodes;

namespace Merlon.App.Cli.Access;

/// <summary>Identity providers (OpenID Connect) that people sign in with.</summary>
internal static class SsoCommand
{
    public static Command Make() => new Command("sso", "Let people sign in with an identity provider (OpenID Connect)").With(Add(), Update(), List(), Show(), Test(), Link(), Unlink(), Remove());

    private static Command Add()
    {
        var (name, options, json) = (Name(), new ProviderOptions(), CommandBase.JsonOption());
        return new Command("add", "Connect an identity provider").With(name, json).With(options.All).Does(async (result, cancellationToken) =>
        {
            using var api = ApiClient.Open();
            var named = result.GetValue(name)!;
            var added = await api.PutAsync(PathOf(named), options.Read(result, null), cancellationToken);
            if (!result.PrintedJson(json, added))
            {
                Output.Line($"'{named}' is connected. At the provider, allow these addresses:");
                Output.Line($"  redirect     {api.Server}/sign-in/sso/{named}/callback");
                Output.Line($"  back-channel {api.Server}/api/v1/identity-providers/{named}/logout");
                Output.Line($"  after logout {api.Server}/sign-in");
                Output.Line($"Give its groups roles:  merlon binding add ROLE group:{named}/GROUP");
            }
            return ExitCodes.Done;
        });
    }

    private static Command Update()
    {
        var (name, options, json) = (Name(), new ProviderOptions(), CommandBase.JsonOption());
        return new Command("update", "Change what is given; the rest stays").With(name, json).With(options.All).Does(async (result, cancellationToken) =>
        {
            using var api = ApiClient.Open();
            var updated = await api.UpdateAsync(PathOf(result.GetValue(name)!), now => options.Read(result, now), cancellationToken);
            if (!result.PrintedJson(json, updated))
                Output.Line($"'{result.GetValue(name)}' is changed.");
            return ExitCodes.Done;
        });
    }

    private static Command List()
    {
        var json = CommandBase.JsonOption();
        return new Command("list", "List identity providers").With(json).Does(async (result, cancellationToken) =>
        {
            using var api = ApiClient.Open();
            var all = await api.ListAsync("identity-providers", cancellationToken);
            if (!result.PrintedJson(json, all))
                Output.Table(["NAME", "ISSUER", "CLIENT", "PEOPLE", "NEW PEOPLE", "SECOND FACTOR"], all.Items().Select(p => new[]
                {
                    p.Get("name"), p.Get("issuer"), p.Get("clientId"), p.Get("people"), p.Get("createsPeople") == "true" ? "made" : "linked by hand", Factor(p),
                }));
            return ExitCodes.Done;
        });
    }

    private static Command Show()
    {
        var (name, json) = (Name(), CommandBase.JsonOption());
        return new Command("show", "Show one with its settings").With(name, json).Does(async (result, cancellationToken) =>
        {
            using var api = ApiClient.Open();
            var provider = await api.GetAsync(PathOf(result.GetValue(name)!), cancellationToken);
            if (result.PrintedJson(json, provider))
                return ExitCodes.Done;
            Output.Table(["SETTING", "VALUE"],
            [
                ["issuer", provider.Get("issuer")], ["client", provider.Get("clientId") + (provider.Get("hasSecret") == "true" ? ", with a secret" : ", without a secret")],
                ["scopes", "openid " + Words(provider["scopes"])], ["groups claim", provider.Get("groupsClaim")], ["name claim", provider.Get("nameClaim")],
                ["new people", provider.Get("createsPeople") == "true" ? "made where a group of theirs has a role" : "linked by hand"],
                ["second factor", Factor(provider)], ["people", provider.Get("people")],
            ]);
            return ExitCodes.Done;
        });
    }

    private static Command Test()
    {
        var (name, json) = (Name(), CommandBase.JsonOption());
        return new Command("test", "Ask the provider what it can do").With(name, json).Does(async (result, cancellationToken) =>
        {
            using var api = ApiClient.Open();
            var tested = await api.PostAsync(PathOf(result.GetValue(name)!) + "/test", null, cancellationToken);
            if (!result.PrintedJson(json, tested))
                Output.Line($"{tested.Get("issuer")} answers: {tested.Get("keys")} keys, sign-in {(tested.Get("signsIn") == "true" ? "yes" : "no")}, sign-out there {(tested.Get("endsSessions") == "true" ? "yes" : "no")}.");
            return ExitCodes.Done;
        });
    }

    private static Command Link()
    {
        var name = Name();
        var person = new Argument<string>("PERSON") { Description = "Name of the person here" };
        var subject = new Option<string>("--subject") { Description = "The person's 'sub' at the provider", Required = true };
        return new Command("link", "Tie a person to the provider; from then on they sign in only there").With(name, person, subject).Does(async (result, cancellationToken) =>
        {
            using var api = ApiClient.Open();
            await api.PostAsync(PathOf(result.GetValue(name)!) + "/links", new { person = result.GetValue(person), subject = result.GetValue(subject) }, cancellationToken);
            Output.Line($"'{result.GetValue(person)}' signs in with {result.GetValue(name)} now. Their sessions have ended.");
            return ExitCodes.Done;
        });
    }

    private static Command Unlink()
    {
        var person = new Argument<string>("PERSON") { Description = "Name of the person here" };
        return new Command("unlink", "Untie a person from their provider").With(person).Does(async (result, cancellationToken) =>
        {
            using var api = ApiClient.Open();
            await api.PostAsync("identity-links/end", new { person = result.GetValue(person) }, cancellationToken);
            Output.Line($"'{result.GetValue(person)}' is untied; their sessions have ended. Let them in here: merlon principal invite {result.GetValue(person)}");
            return ExitCodes.Done;
        });
    }

    private static Command Remove()
    {
        var name = Name();
        return new Command("remove", "Disconnect it; its people's sessions end").With(name).Does(async (result, cancellationToken) =>
        {
            using var api = ApiClient.Open();
            await api.DeleteAsync(PathOf(result.GetValue(name)!), cancellationToken);
            Output.Line($"'{result.GetValue(name)}' is disconnected.");
            return ExitCodes.Done;
        });
    }

    private static string Factor(JsonNode provider)
    {
        var values = string.Join(' ', new[] { Words(provider["mfaAcr"]), Words(provider["mfaAmr"]) }.Where(w => w.Length > 0));
        return values.Length == 0 ? "ours" : $"theirs, where it says {values}";
    }

    private static string Words(JsonNode? list) => string.Join(' ', list.Items().Select(v => v.ToString()));

    private static Argument<string> Name() => new("NAME") { Description = "Name of the identity provider here" };

    private static string PathOf(string name) => "identity-providers/" + Uri.EscapeDataString(name);
}

/// <summary>The settings of an identity provider.</summary>
internal sealed class ProviderOptions
{
    private readonly Option<string?> _issuer = new("--issuer") { Description = "The provider's issuer, as in https://login.example.com" };
    private readonly Option<string?> _client = new("--client-id") { Description = "The client id that the provider gave Merlon" };
    private readonly Option<FileInfo?> _secret = new("--client-secret-file") { Description = "File with the client's secret; without one, the client is public and only PKCE protects it" };
    private readonly Option<FileInfo?> _ca = new("--ca") { Description = "CA file of the provider where the system does not know it" };
    private readonly Option<string[]> _scopes = new("--scope") { Description = "What to ask for besides openid (profile)" };
    private readonly Option<string?> _groups = new("--groups-claim") { Description = "The claim that lists a person's groups, as in groups" };
    private readonly Option<string?> _names = new("--name-claim") { Description = "The claim that a new person's name is made of (preferred_username)" };
    private readonly Option<bool?> _creates = new("--create-people") { Description = "Make a person at the first sign-in, where a group of theirs has a role" };
    private readonly Option<string[]> _acr = new("--mfa-acr") { Description = "An acr of the provider that counts as a second factor" };
    private readonly Option<string[]> _amr = new("--mfa-amr") { Description = "An amr of the provider that counts as a second factor, as in otp or hwk" };

    public Option[] All => [_issuer, _client, _secret, _ca, _scopes, _groups, _names, _creates, _acr, _amr];

    /// <param name="result">What was written.</param>
    /// <param name="now">The present settings, which stay where nothing was written.</param>
    public object Read(ParseResult result, JsonNode? now)
    {
        if (now is null && (result.GetValue(_issuer) is null || result.GetValue(_client) is null))
            throw CliException.Usage("An identity provider needs --issuer and --client-id.");
        if (now is not null && now.Get("hasCa") == "true" && result.GetValue(_ca) is null)
            throw CliException.Usage("Give the provider's --ca again: it is not read back.");
        return new
        {
            issuer = result.GetValue(_issuer) ?? now.Get("issuer"),
            clientId = result.GetValue(_client) ?? now.Get("clientId"),
            clientSecret = Text(result.GetValue(_secret))?.Trim(),
            ca = Text(result.GetValue(_ca)),
            scopes = Many(result, _scopes, now?["scopes"]),
            groupsClaim = result.GetValue(_groups) ?? (now.Get("groupsClaim") is { Length: > 0 } groups ? groups : null),
            nameClaim = result.GetValue(_names) ?? (now.Get("nameClaim") is { Length: > 0 } named ? named : null),
            createsPeople = result.GetValue(_creates) ?? now.Get("createsPeople") == "true",
            mfaAcr = Many(result, _acr, now?["mfaAcr"]),
            mfaAmr = Many(result, _amr, now?["mfaAmr"]),
        };
    }

    private static string[]? Many(ParseResult result, Option<string[]> option, JsonNode? now) =>
        result.GetValue(option) is { Length: > 0 } given ? given : now is null ? null : [.. now.Items().Select(v => v.ToString())];

    private static string? Text(FileInfo? file)
    {
        if (file is null)
            return null;
        return file.Exists ? File.ReadAllText(file.FullName) : throw CliException.Usage($"There is no file '{Kernel.Text.Printable(file.FullName, 120)}'.");
    }
}
