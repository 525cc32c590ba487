using System.CommandLine;

namespace Merlon.App.Cli.Access;

/// <summary>Roles: the built-in ones and the organisation's own.</summary>
internal static class RoleCommands
{
    public static Command Make() => new Command("role", "See roles; make, change and remove your own").With(List(), Create(), Update(), Remove());

    private static Command List()
    {
        var json = CommandBase.JsonOption();
        return new Command("list", "List roles and their verbs").With(json).Does(async (result, cancellationToken) =>
        {
            using var api = ApiClient.Open();
            var roles = await api.ListAsync("roles", cancellationToken);
            if (!result.PrintedJson(json, roles))
                Output.Table(["ROLE", "BUILT IN", "VERBS"], roles.Items().Select(r => new[]
                {
                    r.Get("name"), r.Get("builtIn"), string.Join(' ', r["verbs"].Items().Select(v => v.ToString())),
                }));
            return ExitCodes.Done;
        });
    }

    private static Command Create()
    {
        var (name, verbs, json) = Parts();
        return new Command("create", "Make a role of your own").With(name, verbs, json).Does(async (result, cancellationToken) =>
        {
            using var api = ApiClient.Open();
            return result.Print(json, await api.PostAsync("roles", new { name = result.GetValue(name), verbs = result.GetValue(verbs) }, cancellationToken));
        });
    }

    private static Command Update()
    {
        var (name, verbs, json) = Parts();
        return new Command("update", "Give a role of your own other verbs").With(name, verbs, json).Does(async (result, cancellationToken) =>
        {
            using var api = ApiClient.Open();
            return result.Print(json, await api.UpdateAsync(PathOf(result.GetValue(name)!), _ => new { verbs = result.GetValue(verbs) }, cancellationToken));
        });
    }

    private static Command Remove()
    {
        var (name, _, json) = Parts();
        return new Command("remove", "Remove a role of your own that nobody has").With(name, json).Does(async (result, cancellationToken) =>
        {
            using var api = ApiClient.Open();
            return result.Print(json, await api.DeleteAsync(PathOf(result.GetValue(name)!), cancellationToken));
        });
    }

    private static (Argument<string> Name, Option<string[]> Verbs, Option<bool> Json) Parts() => (
        new Argument<string>("ROLE") { Description = "Name of the role" },
        new Option<string[]>("--verb") { Description = "A verb of the role, as model:read; repeat it", Required = true, AllowMultipleArgumentsPerToken = true },
        CommandBase.JsonOption());

    private static string PathOf(string name) => "roles/" + Uri.EscapeDataString(name);
}
