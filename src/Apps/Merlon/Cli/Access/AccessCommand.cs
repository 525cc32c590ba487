using System.CommandLine;
using System.Globalization;

namespace Merlon.App.Cli.Access;

/// <summary>Why something is allowed, what could be less, and the changes that wait for a second person.</summary>
internal static class AccessCommand
{
    public static Command Make() => new Command("access", "Explain and review who may do what").With(
        Explain(), Review(), Changes(), Decide("approve", "Make a change that waits for a second person", HttpMethod.Post, "/approve"),
        Decide("refuse", "Refuse a change that waits", HttpMethod.Delete, ""));

    private static Command Explain()
    {
        var principal = new Argument<string>("PRINCIPAL") { Description = "Name of a principal, key:NAME, or ME" };
        var verb = new Argument<string>("VERB") { Description = "As model:approve" };
        var resource = new Argument<string>("RESOURCE") { Description = "organisation, project, model/NAME or endpoint/NAME" };
        var environment = new Option<string?>("--env") { Description = "As if for this environment" };
        var network = new Option<string?>("--address") { Description = "As if from this address" };
        var json = CommandBase.JsonOption();
        return new Command("explain", "Show what allows or denies; exit code 1 when it is denied").With(principal, verb, resource, environment, network, json).Does(async (result, cancellationToken) =>
        {
            using var api = ApiClient.Open();
            var query = string.Join('&', new[]
            {
                ("principal", result.GetValue(principal)), ("verb", result.GetValue(verb)), ("resource", result.GetValue(resource)),
                ("environment", result.GetValue(environment)), ("network", result.GetValue(network)),
            }.Where(p => p.Item2 is not null).Select(p => $"{p.Item1}={Uri.EscapeDataString(p.Item2!)}"));
            var why = await api.GetAsync("access/explain?" + query, cancellationToken);
            var isAllowed = why["allowed"]!.GetValue<bool>();
            if (!result.PrintedJson(json, why))
            {
                Output.Line($"{(isAllowed ? "ALLOWED" : "DENIED")}  {why.Get("name")}  {why.Get("verb")}  {why.Get("resource")}");
                Output.Line(why.Get("reason"));
                Output.Table(["BINDING", "EFFECT", "ROLE", "ON", "THROUGH", "OUTCOME", "NOT HELD"], why["chain"].Items().Select(b => new[]
                {
                    b.Get("binding"), b.Get("effect"), b.Get("role"), b.Get("scope"), string.Join(" in ", b["path"].Items()), b.Get("outcome"),
                    string.Join(", ", b["failed"].Items()),
                }));
            }
            return isAllowed ? ExitCodes.Done : ExitCodes.Refused;
        });
    }

    private static Command Review()
    {
        var days = new Option<int>("--days") { Description = "A verb counts as used when it was within this many days", DefaultValueFactory = _ => 90 };
        var json = CommandBase.JsonOption();
        return new Command("review", "Show who may do what, and rights that nobody needs; exit code 1 when there are any").With(days, json).Does(async (result, cancellationToken) =>
        {
            using var api = ApiClient.Open();
            var report = await api.GetAsync(string.Create(CultureInfo.InvariantCulture, $"access/review?days={result.GetValue(days)}"), cancellationToken);
            var findings = report["findings"].Items().ToList();
            if (!result.PrintedJson(json, report))
            {
                Output.Table(["NAME", "KIND", "ROLES", "LAST USED", "MAY", "UNUSED"], report["principals"].Items().Select(p => new[]
                {
                    p.Get("name"), p.Get("kind"), p.Get("roles"), p.Get("lastUsedAt") is { Length: > 0 } at ? Output.Time(at) : "never",
                    $"{p["may"].Items().Count()}", $"{p["unused"].Items().Count()}",
                }));
                foreach (var finding in findings)
                    Output.Line($"{Environment.NewLine}{finding.Get("kind")}: {finding.Get("subject")}. {finding.Get("detail")}{Environment.NewLine}    {finding.Get("fix")}");
            }
            return findings.Count == 0 ? ExitCodes.Done : ExitCodes.Refused;
        });
    }

    private static Command Changes()
    {
        var json = CommandBase.JsonOption();
        return new Command("changes", "List changes that wait for a second person").With(json).Does(async (result, cancellationToken) =>
        {
            using var api = ApiClient.Open();
            var changes = await api.ListAsync("access/changes", cancellationToken);
            if (!result.PrintedJson(json, changes))
                Output.Table(["ID", "CHANGE", "ASKED BY", "UNTIL"], changes.Items().Select(c => new[]
                {
                    c.Get("id"), c.Get("summary"), c.Get("name"), Output.Time(c.Get("expiresAt")),
                }));
            return ExitCodes.Done;
        });
    }

    private static Command Decide(string verb, string description, HttpMethod method, string suffix)
    {
        var id = new Argument<string>("ID") { Description = "Id of the change" };
        var json = CommandBase.JsonOption();
        return new Command(verb, description).With(id, json).Does(async (result, cancellationToken) =>
        {
            if (!Guid.TryParse(result.GetValue(id), CultureInfo.InvariantCulture, out var change))
                throw CliException.Usage("This is not the id of a change.", "See: merlon access changes");
            using var api = ApiClient.Open();
            return result.Print(json, await api.SendAsync(method, $"access/changes/{change}{suffix}", null, cancellationToken));
        });
    }
}
