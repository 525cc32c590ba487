using System.CommandLine;

namespace Merlon.App.Cli.Access;

/// <summary>Service accounts.</summary>
internal static class ServiceCommand
{
    public static Command Make() => new Command("service", "Make, list, rotate and disable service accounts").With(Create(), List(), Rotate(), Own(), Disable());

    private static Command Create()
    {
        var name = Name();
        var role = new Option<string>("--role") { Description = "Its role in the project", Required = true };
        var owner = new Option<string?>("--owner") { Description = "Who answers for it; you, when not given" };
        var expires = new Option<string>("--expires") { Description = "Life of its token: 90d, 12h, 30m or 45s", DefaultValueFactory = _ => "90d" };
        var json = CommandBase.JsonOption();
        return new Command("create", "Make a service account; its token is shown once").With(name, role, owner, expires, json).Does(async (result, cancellationToken) =>
        {
            using var api = ApiClient.Open();
            var made = await api.PostAsync("services", new
            {
                name = result.GetValue(name),
                role = result.GetValue(role),
                owner = result.GetValue(owner),
                expiresInSeconds = KeyCommand.ParseLife(result.GetValue(expires)!),
            }, cancellationToken);
            if (!result.PrintedJson(json, made))
                Output.Line(made.Get("token"));
            return ExitCodes.Done;
        });
    }

    private static Command List()
    {
        var json = CommandBase.JsonOption();
        return new Command("list", "List service accounts").With(json).Does(async (result, cancellationToken) =>
        {
            using var api = ApiClient.Open();
            var all = await api.ListAsync("services", cancellationToken);
            if (!result.PrintedJson(json, all))
                Output.Table(["NAME", "ROLE", "OWNER", "CREATED", "DISABLED"], all.Items().Select(s => new[]
                {
                    s.Get("name"), s.Get("role"), s.Get("owner"), Output.Time(s.Get("createdAt")), Output.Time(s.Get("disabledAt")),
                }));
            return ExitCodes.Done;
        });
    }

    private static Command Rotate()
    {
        var name = Name();
        var expires = new Option<string>("--expires") { Description = "Life of the new token", DefaultValueFactory = _ => "90d" };
        var overlap = new Option<string?>("--overlap") { Description = "How long the earlier tokens go on, up to 7d; without it, they end at once" };
        var json = CommandBase.JsonOption();
        return new Command("rotate", "Give it a new token; it is shown once").With(name, expires, overlap, json).Does(async (result, cancellationToken) =>
        {
            using var api = ApiClient.Open();
            var made = await api.PostAsync(PathOf(result.GetValue(name)!) + "/rotate", new
            {
                expiresInSeconds = KeyCommand.ParseLife(result.GetValue(expires)!),
                overlapSeconds = result.GetValue(overlap) is { } text ? KeyCommand.ParseLife(text) : 0,
            }, cancellationToken);
            if (!result.PrintedJson(json, made))
                Output.Line(made.Get("token"));
            return ExitCodes.Done;
        });
    }

    private static Command Own()
    {
        var name = Name();
        var owner = new Argument<string>("OWNER") { Description = "The person who answers for it from now on" };
        return new Command("own", "Name the person who answers for it").With(name, owner).Does(async (result, cancellationToken) =>
        {
            using var api = ApiClient.Open();
            await api.PutAsync(PathOf(result.GetValue(name)!) + "/owner", new { owner = result.GetValue(owner) }, cancellationToken);
            Output.Line($"{result.GetValue(owner)} answers for '{result.GetValue(name)}'.");
            return ExitCodes.Done;
        });
    }

    private static Command Disable()
    {
        var name = Name();
        return new Command("disable", "Disable it and its tokens at once").With(name).Does(async (result, cancellationToken) =>
        {
            using var api = ApiClient.Open();
            await api.DeleteAsync(PathOf(result.GetValue(name)!), cancellationToken);
            Output.Line($"'{result.GetValue(name)}' is disabled.");
            return ExitCodes.Done;
        });
    }

    private static Argument<string> Name() => new("NAME") { Description = "Name of the service account" };

    private static string PathOf(string name) => "services/" + Uri.EscapeDataString(name);
}
