using System.CommandLine;

namespace Merlon.App.Cli.Access;

/// <summary>The projects of one's organization, and which of them commands are about.</summary>
internal static class ProjectCommand
{
    public static Command Make() => new Command("project", "Make, choose, rename and archive projects").With(
        Create(), List(), Use(), Rename(),
        Turn("archive", "Stop work in a project: nothing is pushed, deployed or called in it, and everything can be read"), Turn("restore", "Let work in an archived project go on"));

    private static Command Create()
    {
        var name = Name();
        var json = CommandBase.JsonOption();
        return new Command("create", "Make a project").With(name, json).Does(async (result, cancellationToken) =>
        {
            using var api = ApiClient.Open();
            var made = await api.PostAsync("projects", new { name = result.GetValue(name) }, cancellationToken);
            if (!result.PrintedJson(json, made))
                Output.Line($"Project '{made.Get("name")}' is made. Work in it: merlon project use {made.Get("name")}");
            return ExitCodes.Done;
        });
    }

    private static Command List()
    {
        var json = CommandBase.JsonOption();
        return new Command("list", "List the projects in which you have a role").With(json).Does(async (result, cancellationToken) =>
        {
            using var api = ApiClient.Open();
            var projects = await api.ListAsync("projects", cancellationToken);
            if (!result.PrintedJson(json, projects))
                Output.Table(["PROJECT", "", "CREATED", "ARCHIVED"], projects.Items().Select(p => new[]
                {
                    p.Get("name"), p.Get("current") == "true" ? "current" : "", Output.Time(p.Get("createdAt")), Output.Time(p.Get("archivedAt")),
                }));
            return ExitCodes.Done;
        });
    }

    private static Command Use()
    {
        var name = Name();
        return new Command("use", "Let the commands after this one be about a project").With(name).Does(async (result, cancellationToken) =>
        {
            var credentials = Credentials.Load() with { Project = result.GetValue(name) };
            using (var api = new ApiClient(credentials.Server, credentials.CaPem, credentials.Token, credentials.Project))
                await api.GetAsync("whoami", cancellationToken);
            credentials.Save();
            Output.Line($"Commands are about project '{credentials.Project}' now.");
            return ExitCodes.Done;
        });
    }

    private static Command Rename()
    {
        var name = Name();
        var to = new Argument<string>("NEW") { Description = "Its new name" };
        var json = CommandBase.JsonOption();
        return new Command("rename", "Give a project another name").With(name, to, json).Does(async (result, cancellationToken) =>
        {
            using var api = ApiClient.Open();
            var renamed = await api.UpdateAsync(PathOf(result.GetValue(name)!), _ => new { name = result.GetValue(to) }, cancellationToken);
            if (!result.PrintedJson(json, renamed))
                Output.Line($"'{result.GetValue(name)}' is called '{renamed.Get("name")}' now.");
            // Who worked in it goes on doing so.
            if (Credentials.Load() is { Project: { } used } credentials && used == result.GetValue(name))
                (credentials with { Project = renamed.Get("name") }).Save();
            return ExitCodes.Done;
        });
    }

    private static Command Turn(string verb, string description)
    {
        var name = Name();
        var json = CommandBase.JsonOption();
        return new Command(verb, description).With(name, json).Does(async (result, cancellationToken) =>
        {
            using var api = ApiClient.Open();
            var project = await api.PostAsync($"{PathOf(result.GetValue(name)!)}/{verb}", null, cancellationToken);
            if (!result.PrintedJson(json, project))
                Output.Line(verb == "archive" ? $"'{project.Get("name")}' is archived." : $"'{project.Get("name")}' is back.");
            return ExitCodes.Done;
        });
    }

    private static Argument<string> Name() => new("NAME") { Description = "Name of the project" };

    private static string PathOf(string name) => "projects/" + Uri.EscapeDataString(name);
}
