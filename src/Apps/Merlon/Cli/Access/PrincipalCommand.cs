using System.CommandLine;

namespace Merlon.App.Cli.Access;

/// <summary>People and services that may use the control API.</summary>
internal static class PrincipalCommand
{
    public static Command Make()
    {
        var command = new Command("principal", "Make, list, invite anew and disable people and services").With(Create(), List(), Invite(), Disable());
        command.Aliases.Add("user");
        return command;
    }

    private static Command Invite()
    {
        var name = new Argument<string>("NAME") { Description = "Person who lost password or second factor" };
        var json = CommandBase.JsonOption();
        return new Command("invite", "Remove a person's factors and sessions and make a new enrolment code, good for a day").With(name, json).Does(async (result, cancellationToken) =>
        {
            using var api = ApiClient.Open();
            var made = await api.PostAsync($"principals/{Uri.EscapeDataString(result.GetValue(name)!)}/invitation", null, cancellationToken);
            if (result.PrintedJson(json, made))
                return ExitCodes.Done;
            Output.Line(made.Get("token"));
            Console.Error.WriteLine($"'{made.Get("name")}' enrols anew with: merlon login --token TOKEN. The token is not shown again.");
            return ExitCodes.Done;
        });
    }

    private static Command Create()
    {
        var name = new Argument<string>("NAME") { Description = "Name of the person or service" };
        var role = new Option<string>("--role") { Description = "owner, security-officer, ml-engineer, approver, operator, auditor, caller or a role of your own", Required = true };
        var expires = new Option<string>("--expires") { Description = "Life of the access token: 90d, 12h, 30m or 45s", DefaultValueFactory = _ => "90d" };
        var json = CommandBase.JsonOption();
        return new Command("create", "Make a person; the token is shown once, and they enrol with it").With(name, role, expires, json).Does(async (result, cancellationToken) =>
        {
            using var api = ApiClient.Open();
            var made = await api.PostAsync("principals", new
            {
                name = result.GetValue(name),
                role = result.GetValue(role),
                expiresInSeconds = KeyCommand.ParseLife(result.GetValue(expires)!),
            }, cancellationToken);
            if (result.PrintedJson(json, made))
                return ExitCodes.Done;
            Output.Line(made.Get("token"));
            Console.Error.WriteLine($"'{made.Get("name")}' ({made.Get("role")}) signs in and enrols with: merlon login --token TOKEN. The token is not shown again.");
            return ExitCodes.Done;
        });
    }

    private static Command List()
    {
        var json = CommandBase.JsonOption();
        return new Command("list", "List principals").With(json).Does(async (result, cancellationToken) =>
        {
            using var api = ApiClient.Open();
            var all = await api.ListAsync("principals", cancellationToken);
            if (!result.PrintedJson(json, all))
                Output.Table(["NAME", "ROLE", "ID", "CREATED", "DISABLED"], all.Items().Select(p => new[]
                {
                    p.Get("name"), p.Get("role"), p.Get("principal"), Output.Time(p.Get("createdAt")), Output.Time(p.Get("disabledAt")),
                }));
            return ExitCodes.Done;
        });
    }

    private static Command Disable()
    {
        var name = new Argument<string>("NAME") { Description = "Principal to disable" };
        return new Command("disable", "Disable a principal and its tokens at once").With(name).Does(async (result, cancellationToken) =>
        {
            using var api = ApiClient.Open();
            await api.DeleteAsync($"principals/{Uri.EscapeDataString(result.GetValue(name)!)}", cancellationToken);
            Output.Line($"'{result.GetValue(name)}' is disabled.");
            return ExitCodes.Done;
        });
    }
}
