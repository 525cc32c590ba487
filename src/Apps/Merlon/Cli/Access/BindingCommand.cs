using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;

namespace Merlon.App.Cli.Access;

/// <summary>Bindings: a role for a principal or a group, on a scope.</summary>
internal static class BindingCommand
{
    public static Command Make() => new Command("binding", "Give and take roles").With(List(), Add(), Update(), Remove());

    private static Command List()
    {
        var subject = new Option<string?>("--subject") { Description = "Only those of this principal, group:NAME or key:NAME" };
        var role = new Option<string?>("--role") { Description = "Only those of this role" };
        var json = CommandBase.JsonOption();
        return new Command("list", "List bindings").With(subject, role, json).Does(async (result, cancellationToken) =>
        {
            using var api = ApiClient.Open();
            string?[] filters = [Filter("subject", result.GetValue(subject)), Filter("role", result.GetValue(role))];
            var query = string.Join('&', filters.OfType<string>());
            var bindings = await api.ListAsync(query.Length == 0 ? "bindings" : "bindings?" + query, cancellationToken);
            if (!result.PrintedJson(json, bindings))
                Output.Table(["ID", "EFFECT", "ROLE", "FOR", "ON", "CONDITIONS"], bindings.Items().Select(b => new[]
                {
                    b.Get("id"), b.Get("effect"), b.Get("role"), b.Get("name"), b.Get("scope"), Conditions(b["conditions"]),
                }));
            return ExitCodes.Done;
        });
    }

    private static Command Add()
    {
        var role = new Argument<string>("ROLE") { Description = "A built-in role or one of your own" };
        var subject = new Argument<string>("SUBJECT") { Description = "Name of a principal, group:NAME or key:NAME" };
        var scope = new Option<string>("--on") { Description = "organisation, project, model/NAME or endpoint/NAME", DefaultValueFactory = _ => "project" };
        var deny = new Option<bool>("--deny") { Description = "Deny the role's verbs instead of allowing them" };
        var conditions = new ConditionOptions();
        var json = CommandBase.JsonOption();
        return new Command("add", "Give a role, or deny its verbs").With(role, subject, scope, deny, json).With(conditions.All).Does(async (result, cancellationToken) =>
        {
            using var api = ApiClient.Open();
            return result.Print(json, await api.PostAsync("bindings", new
            {
                role = result.GetValue(role),
                subject = result.GetValue(subject),
                effect = result.GetValue(deny) ? "deny" : "allow",
                scope = result.GetValue(scope),
                conditions = conditions.Read(result),
            }, cancellationToken));
        });
    }

    private static Command Update()
    {
        var id = new Argument<string>("ID") { Description = "Id of the binding" };
        var role = new Option<string?>("--role") { Description = "Another role" };
        var scope = new Option<string?>("--on") { Description = "Another scope" };
        var conditions = new ConditionOptions();
        var json = CommandBase.JsonOption();
        return new Command("update", "Change a binding; conditions that are given replace all earlier ones").With(id, role, scope, json).With(conditions.All).Does(async (result, cancellationToken) =>
        {
            using var api = ApiClient.Open();
            return result.Print(json, await api.UpdateAsync(PathOf(result.GetValue(id)!), now => new
            {
                role = result.GetValue(role) ?? now.Get("role"),
                subject = now.Get("subject"),
                effect = now.Get("effect"),
                scope = result.GetValue(scope) ?? now.Get("scope"),
                conditions = conditions.Read(result) ?? (object?)now["conditions"]?.DeepClone(),
            }, cancellationToken));
        });
    }

    private static Command Remove()
    {
        var id = new Argument<string>("ID") { Description = "Id of the binding" };
        var json = CommandBase.JsonOption();
        return new Command("remove", "Remove a binding").With(id, json).Does(async (result, cancellationToken) =>
        {
            using var api = ApiClient.Open();
            return result.Print(json, await api.DeleteAsync(PathOf(result.GetValue(id)!), cancellationToken));
        });
    }

    private static string PathOf(string id) => Guid.TryParse(id, CultureInfo.InvariantCulture, out var parsed)
        ? $"bindings/{parsed}"
        : throw CliException.Usage($"'{Kernel.Text.Printable(id, 60)}' is not the id of a binding.", "See: merlon binding list");

    private static string? Filter(string name, string? value) => value is null ? null : $"{name}={Uri.EscapeDataString(value)}";

    private static string Conditions(JsonNode? conditions) => conditions is not JsonObject given ? "" : string.Join(' ', given
        .Where(c => c.Value is JsonValue or JsonArray { Count: > 0 })
        .Select(c => $"{c.Key}={(c.Value is JsonArray list ? string.Join(',', list.Select(v => v!.ToString())) : c.Value!.ToString())}"));
}
