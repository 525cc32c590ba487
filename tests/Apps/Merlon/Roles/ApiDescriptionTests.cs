using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Merlon.Access.Contracts;
using Merlon.App.Roles.Control.Description;
using Merlon.Conformance.Tests;
using Merlon.ControlHost;

namespace Merlon.App.Tests.Roles;

/// <summary>The OpenAPI document against an independent validator, against the live routes, and against what the routes really answer.</summary>
public sealed partial class ApiDescriptionTests(NodePeer peer) : IClassFixture<NodePeer>, IAsyncLifetime
{
    private ControlHost.ControlHost _host = null!;
    private JsonNode _document = null!;

    public async Task InitializeAsync()
    {
        _host = await RouteHost.StartAsync();
        _document = (await _host.Owner!.GetAsync("/openapi.json")).Json!;
    }

    public async Task DisposeAsync()
    {
        Assert.Empty(_host.Faults);
        await _host.DisposeAsync();
    }

    private IEnumerable<LiveRoute> Routes => LiveRoute.Of(_host.Services).Where(r => r is { IsPage: false, Policy: not RoutePolicy.RoleOnly }
        && !r.Pattern.StartsWith("/console", StringComparison.Ordinal) && r.Pattern != "/openapi.json");

    private JsonNode? OperationOf(LiveRoute route) => _document["paths"]![Constraint().Replace(route.Pattern, "{${name}}")]?[route.Method.ToLowerInvariant()];

    [Fact]
    public async Task Document_ToNobody_IsRefused_AndToAnyoneSignedIn_IsShown()
    {
        Assert.Equal(System.Net.HttpStatusCode.Unauthorized, (await _host.Anonymous.GetAsync("/openapi.json")).StatusCode);
        Assert.True((await (await _host.AddAsync("ann", "caller")).GetAsync("/openapi.json")).IsSuccess);
    }

    [Fact]
    public void Document_IsValid_ByAnIndependentValidator()
    {
        Validate(_document);
        var broken = _document.DeepClone();
        broken["paths"]!["/keys"]!["get"]!["responses"] = "none";
        Assert.Throws<InvalidOperationException>(() => Validate(broken));
        broken = _document.DeepClone();
        broken["paths"]!["/keys"]!["get"]!["responses"]!["default"]!["$ref"] = "#/components/responses/Nothing";
        Assert.Throws<InvalidOperationException>(() => Validate(broken));
    }

    [Fact]
    public void Routes_All_AreInTheDocument_WithWhatTheyAskAndAnswer()
    {
        var ids = new HashSet<string>(StringComparer.Ordinal);
        var count = 0;
        foreach (var route in Routes)
        {
            var operation = OperationOf(route);
            Assert.True(operation is not null, $"{route} is not in the document.");
            Assert.True(ids.Add(operation["operationId"]!.GetValue<string>()), $"{route} has the id of another.");
            Assert.Equal((route.ToString(), (route.Policy as RoutePolicy.Needs)?.Permission), (route.ToString(), operation[Operations.Permission]?.GetValue<string>()));
            Assert.True(route.Policy is RoutePolicy.Open == operation["security"] is null or JsonArray { Count: 0 }, $"{route} says otherwise about who may call it.");
            var answers = operation["responses"]!.AsObject().Where(r => r.Key.StartsWith('2')).ToList();
            Assert.True(answers.Count > 0, $"{route} has no answer.");
            foreach (var (status, answer) in answers)
                Assert.True(status == "204" || answer!["content"]!.AsObject().Single().Value!["schema"] is not null, $"{route} has an answer without a schema.");
            Assert.NotNull(operation["responses"]!["default"]);
            Assert.True(route.Method is not "PUT" || operation["requestBody"] is not null, $"{route} takes no body.");
            count++;
        }
        Assert.InRange(count, 60, 300);
        Assert.DoesNotContain(_document["paths"]!.AsObject(), p => p.Key.StartsWith("/console", StringComparison.Ordinal) || p.Key.StartsWith("/node", StringComparison.Ordinal));
    }

    [Fact]
    public void Headers_OfCreatesAndUpdates_AreInTheDocument()
    {
        JsonNode Operation(string method, string path) => _document["paths"]![path]![method]!;
        static bool Takes(JsonNode operation, string header) => operation["parameters"]!.AsArray().Any(p => p!["name"]!.GetValue<string>() == header && p["in"]!.GetValue<string>() == "header");
        Assert.True(Takes(Operation("post", "/keys"), "Idempotency-Key"));
        Assert.True(Takes(Operation("put", "/roles/{name}"), "If-Match"));
        Assert.NotNull(Operation("put", "/roles/{name}")["responses"]!["428"]);
        Assert.NotNull(Operation("get", "/roles/{name}")["responses"]!["200"]!["headers"]!["ETag"]);
        Assert.NotNull(Operation("put", "/models/{name}/uploads/{id}/files/{index}")["requestBody"]!["content"]!["application/octet-stream"]);
    }

    /// <summary>What a route says that it answers is what it answers.</summary>
    [Fact]
    public async Task Answers_OfEveryReadingRoute_HaveTheFormThatTheDocumentSays()
    {
        await RouteHost.FillAsync(_host);
        var seen = new List<string>();
        // The host of this test has no log.
        foreach (var route in Routes.Where(r => r.Method == "GET" && !r.Pattern.StartsWith("/audit", StringComparison.Ordinal)))
        {
            var answer = await RouteHost.SendAsync(_host.Owner!.Http, route);
            if (!answer.IsSuccess || answer.Json is null)
                continue;
            Compare(route.ToString(), answer.Json, OperationOf(route)!["responses"]!["200"]!["content"]!["application/json"]!["schema"]!);
            seen.Add(route.Pattern);
        }
        foreach (var pattern in (string[])["/whoami", "/me", "/me/sessions", "/models", "/keys", "/principals", "/services", "/roles", "/groups", "/bindings", "/workloads", "/policy", "/access/review", "/projects", "/projects/{name}", "/organizations", "/breakglass"])
            Assert.Contains(pattern, seen);
    }

    [Fact]
    public void Compare_AnswerThatIsNotAsSaid_IsFound()
    {
        var schema = Resolve(_document["paths"]!["/whoami"]!["get"]!["responses"]!["200"]!["content"]!["application/json"]!["schema"]!);
        Assert.ThrowsAny<Exception>(() => Compare("planted", JsonNode.Parse("""{"principal":1}""")!, schema));
        Assert.ThrowsAny<Exception>(() => Compare("planted", JsonNode.Parse("""{"unheard":"x"}""")!, schema));
        Assert.ThrowsAny<Exception>(() => Compare("planted", JsonNode.Parse("[]")!, schema));
    }

    private void Compare(string where, JsonNode? value, JsonNode schema)
    {
        schema = Resolve(schema);
        if (schema["oneOf"] is JsonArray options)
        {
            if (value is not null)
                Compare(where, value, options.First(o => o!["type"]?.ToString() != "null")!);
            return;
        }
        if (schema["type"] is not { } type)
            return;
        var kinds = type is JsonArray several ? several.Select(t => t!.GetValue<string>()).ToList() : [type.GetValue<string>()];
        Assert.True(value switch
        {
            null => kinds.Contains("null"),
            JsonArray => kinds.Contains("array"),
            JsonObject => kinds.Contains("object"),
            _ => kinds.Contains(value.GetValueKind() switch
            {
                System.Text.Json.JsonValueKind.String => "string",
                System.Text.Json.JsonValueKind.Number => value.ToJsonString().Contains('.', StringComparison.Ordinal) || kinds.Contains("number") ? "number" : "integer",
                _ => "boolean",
            }),
        }, $"{where}: {value?.ToJsonString() ?? "null"} is none of {string.Join(", ", kinds)}.");
        foreach (var item in value as JsonArray ?? [])
            Compare(where + "[]", item, schema["items"]!);
        foreach (var (name, member) in value as JsonObject ?? [])
        {
            var part = schema["properties"]?[name] ?? schema["additionalProperties"];
            Assert.True(part is not null, $"{where} has {name}, which the document does not know.");
            Compare($"{where}.{name}", member, part);
        }
    }

    private JsonNode Resolve(JsonNode schema) => schema["$ref"] is { } reference
        ? _document["components"]!["schemas"]![reference.GetValue<string>().Split('/')[^1]]!
        : schema;

    private void Validate(JsonNode document)
    {
        var file = Path.GetTempFileName();
        try
        {
            File.WriteAllText(file, document.ToJsonString());
            peer.Node("openapi.mjs", file);
        }
        finally
        {
            File.Delete(file);
        }
    }

    [GeneratedRegex(@"\{\**(?<name>\w+)(:\w+)?\}", RegexOptions.ExplicitCapture, 1_000)]
    private static partial Regex Constraint();
}
