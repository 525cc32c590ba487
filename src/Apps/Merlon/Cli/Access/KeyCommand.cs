using System.CommandLine;
using System.Globalization;

namespace Merlon.App.Cli.Access;

/// <summary>API keys of callers.</summary>
internal static class KeyCommand
{
    public static Command Make() => new Command("key", "Make, list, rotate and revoke API keys").With(Create(), List(), Rotate(), Revoke());

    private static Command Create()
    {
        var endpoint = new Option<string>("--endpoint") { Description = "The one endpoint that the key may call", Required = true };
        var name = new Option<string>("--name") { Description = "Name of the key", Required = true };
        var expires = new Option<string>("--expires") { Description = "Life of the key: 90d, 12h, 30m or 45s", Required = true };
        var rate = new Option<double?>("--rate") { Description = "Calls per second on average" };
        var json = CommandBase.JsonOption();
        return new Command("create", "Make an API key for an endpoint; it is shown once").With(endpoint, name, expires, rate, json).Does(async (result, cancellationToken) =>
        {
            using var api = ApiClient.Open();
            var key = await api.PostAsync("keys", new
            {
                name = result.GetValue(name),
                endpoint = result.GetValue(endpoint),
                expiresInSeconds = ParseLife(result.GetValue(expires)!),
                ratePerSecond = result.GetValue(rate),
            }, cancellationToken);
            if (result.PrintedJson(json, key))
                return ExitCodes.Done;
            Output.Line(key.Get("key"));
            Console.Error.WriteLine($"Key '{key.Get("name")}' for {key.Get("endpoint")}, until {Output.Time(key.Get("expiresAt"))}. It is not shown again.");
            return ExitCodes.Done;
        });
    }

    private static Command List()
    {
        var json = CommandBase.JsonOption();
        return new Command("list", "List the API keys of the project").With(json).Does(async (result, cancellationToken) =>
        {
            using var api = ApiClient.Open();
            var keys = await api.ListAsync("keys", cancellationToken);
            if (!result.PrintedJson(json, keys))
                Output.Table(["KEY", "NAME", "ENDPOINT", "EXPIRES", "REVOKED"], keys.Items().Select(k => new[]
                {
                    k.Get("keyId"), k.Get("name"), k.Get("endpoint"), Output.Time(k.Get("expiresAt")), Output.Time(k.Get("revokedAt")),
                }));
            return ExitCodes.Done;
        });
    }

    private static Command Rotate()
    {
        var key = new Argument<string>("KEY") { Description = "Name or id of the key" };
        var expires = new Option<string>("--expires") { Description = "Life of the new key: 90d, 12h, 30m or 45s", Required = true };
        var overlap = new Option<string?>("--overlap") { Description = "How long the earlier key goes on, up to 7d; without it, it ends at once" };
        var json = CommandBase.JsonOption();
        return new Command("rotate", "Give a key a new secret; it is shown once").With(key, expires, overlap, json).Does(async (result, cancellationToken) =>
        {
            using var api = ApiClient.Open();
            var made = await api.PostAsync($"keys/{Uri.EscapeDataString(result.GetValue(key)!)}/rotate", new
            {
                expiresInSeconds = ParseLife(result.GetValue(expires)!),
                overlapSeconds = result.GetValue(overlap) is { } text ? ParseLife(text) : 0,
            }, cancellationToken);
            if (result.PrintedJson(json, made))
                return ExitCodes.Done;
            Output.Line(made.Get("key"));
            Console.Error.WriteLine($"Key '{made.Get("name")}' until {Output.Time(made.Get("expiresAt"))}; the earlier one until {Output.Time(made.Get("earlierUntil"))}. It is not shown again.");
            return ExitCodes.Done;
        });
    }

    private static Command Revoke()
    {
        var key = new Argument<string>("KEY") { Description = "Name or id of the key" };
        var json = CommandBase.JsonOption();
        return new Command("revoke", "Revoke an API key at once").With(key, json).Does(async (result, cancellationToken) =>
        {
            using var api = ApiClient.Open();
            var answer = await api.DeleteAsync($"keys/{Uri.EscapeDataString(result.GetValue(key)!)}", cancellationToken);
            if (!result.PrintedJson(json, answer))
                Output.Line(answer["effective"]!.GetValue<bool>()
                    ? $"Key {answer.Get("keyId")} is revoked; every connected gateway refuses it now."
                    : $"Key {answer.Get("keyId")} is revoked here, but a gateway has NOT confirmed it yet: it may still take the key until it is connected again.");
            return ExitCodes.Done;
        });
    }

    internal static int ParseLife(string text)
    {
        var factor = text.Length > 1 ? text[^1] switch { 'd' => 86_400, 'h' => 3_600, 'm' => 60, 's' => 1, _ => 0 } : 0;
        if (factor == 0 || !int.TryParse(text.AsSpan(0, text.Length - 1), NumberStyles.None, CultureInfo.InvariantCulture, out var count) || count is < 1 or > 100_000
            || (long)count * factor > int.MaxValue)
            throw CliException.Usage($"'{Kernel.Text.Printable(text, 20)}' is not a length of time.", "Write 90d, 12h, 30m or 45s.");
        return count * factor;
    }
}
