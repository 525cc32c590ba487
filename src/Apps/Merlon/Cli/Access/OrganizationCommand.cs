using System.CommandLine;

namespace Merlon.App.Cli.Access;

/// <summary>Tenants of the installation, for its owner.</summary>
internal static class OrganizationCommand
{
    public static Command Make() => new Command("organization", "Make and list organizations (tenants)").With(Create(), List());

    private static Command Create()
    {
        var name = new Argument<string>("NAME") { Description = "Name of the organization" };
        var owner = new Option<string>("--owner") { Description = "Name of its first owner, who enrols with the token that is printed", Required = true };
        var json = CommandBase.JsonOption();
        return new Command("create", "Make an organization with its first project, and invite its first owner").With(name, owner, json).Does(async (result, cancellationToken) =>
        {
            using var api = ApiClient.Open();
            var made = await api.PostAsync("organizations", new { name = result.GetValue(name), owner = result.GetValue(owner) }, cancellationToken);
            if (result.PrintedJson(json, made))
                return ExitCodes.Done;
            Output.Line(made.Get("token"));
            Console.Error.WriteLine($"'{made.Get("owner")}' enrols until {Output.Time(made.Get("expiresAt"))} with: merlon login --token TOKEN. The token is not shown again.");
            Console.Error.WriteLine($"Later they sign in as {made.Get("owner")}@{made.Get("name")}.");
            return ExitCodes.Done;
        });
    }

    private static Command List()
    {
        var json = CommandBase.JsonOption();
        return new Command("list", "List the organizations of this installation").With(json).Does(async (result, cancellationToken) =>
        {
            using var api = ApiClient.Open();
            var all = await api.ListAsync("organizations", cancellationToken);
            if (!result.PrintedJson(json, all))
                Output.Table(["ORGANIZATION", "PROJECTS", "PEOPLE", "CREATED"], all.Items().Select(o => new[] { o.Get("name"), o.Get("projects"), o.Get("people"), Output.Time(o.Get("createdAt")) }));
            return ExitCodes.Done;
        });
    }
}
