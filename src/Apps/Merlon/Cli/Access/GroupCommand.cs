using System.CommandLine;
using System.Text.Json.Nodes;

namespace Merlon.App.Cli.Access;

/// <summary>Groups of people, services and groups.</summary>
internal static class GroupCommand
{
    public static Command Make() => new Command("group", "Make, list, fill and remove groups").With(List(), Create(), Add(), Take(), Remove());

    private static Command List()
    {
        var json = CommandBase.JsonOption();
        return new Command("list", "List groups and their members").With(json).Does(async (result, cancellationToken) =>
        {
            using var api = ApiClient.Open();
            var groups = await api.ListAsync("groups", cancellationToken);
            if (!result.PrintedJson(json, groups))
                Output.Table(["GROUP", "MEMBERS"], groups.Items().Select(g => new[] { g.Get("name"), string.Join(' ', MembersOf(g)) }));
            return ExitCodes.Done;
        });
    }

    private static Command Create()
    {
        var (name, members, json) = Parts();
        return new Command("create", "Make a group").With(name, members, json).Does(async (result, cancellationToken) =>
        {
            using var api = ApiClient.Open();
            return result.Print(json, await api.PostAsync("groups", new { name = result.GetValue(name), members = result.GetValue(members) }, cancellationToken));
        });
    }

    private static Command Add() => Change("add", "Add members", (now, named) => [.. now.Union(named, StringComparer.Ordinal)]);

    private static Command Take() => Change("take", "Take members out", (now, named) => [.. now.Except(named, StringComparer.Ordinal)]);

    private static Command Change(string verb, string description, Func<IEnumerable<string>, string[], string[]> change)
    {
        var (name, members, json) = Parts();
        return new Command(verb, description).With(name, members, json).Does(async (result, cancellationToken) =>
        {
            using var api = ApiClient.Open();
            return result.Print(json, await api.UpdateAsync(
                PathOf(result.GetValue(name)!), group => new { members = change(MembersOf(group), result.GetValue(members)!) }, cancellationToken));
        });
    }

    private static Command Remove()
    {
        var (name, _, json) = Parts();
        return new Command("remove", "Remove a group without bindings").With(name, json).Does(async (result, cancellationToken) =>
        {
            using var api = ApiClient.Open();
            return result.Print(json, await api.DeleteAsync(PathOf(result.GetValue(name)!), cancellationToken));
        });
    }

    private static (Argument<string> Name, Argument<string[]> Members, Option<bool> Json) Parts() => (
        new Argument<string>("GROUP") { Description = "Name of the group" },
        new Argument<string[]>("MEMBER") { Description = "Names of principals, or group:NAME", Arity = ArgumentArity.OneOrMore },
        CommandBase.JsonOption());

    private static IEnumerable<string> MembersOf(JsonNode group) => group["members"].Items().Select(m => m.ToString());

    private static string PathOf(string name) => "groups/" + Uri.EscapeDataString(name);
}
