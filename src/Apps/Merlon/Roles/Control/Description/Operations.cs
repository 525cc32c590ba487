using System.Globalization;
using System.Text.Json.Nodes;
using Merlon.Access.Contracts;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace Merlon.App.Roles.Control.Description;

/// <summary>What every operation has: an id, who may call it, its headers, and how it refuses.</summary>
internal static class Operations
{
    public const string Permission = "x-merlon-permission";
    private const string Problem = "Problem", Token = "token";

    public static Task Describe(OpenApiOperation operation, OpenApiOperationTransformerContext context)
    {
        var metadata = context.Description.ActionDescriptor.EndpointMetadata;
        var document = context.Document ?? throw new InvalidOperationException("An operation is described without its document.");
        operation.OperationId = IdOf(context.Description.HttpMethod!, context.Description.RelativePath!);
        operation.Tags = null;
        operation.Responses ??= [];
        var policy = metadata.OfType<RoutePolicy>().Last();
        if (policy is RoutePolicy.Open open)
            (operation.Description, operation.Security) = ($"Open to anyone: {open.Because}.", []);
        else
            operation.Security = [new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference(Token, document)] = [] }];
        if (policy is RoutePolicy.Needs needs)
            (operation.Extensions ??= new Dictionary<string, IOpenApiExtension>(StringComparer.Ordinal))[Permission] = new JsonNodeExtension(JsonValue.Create(needs.Permission)!);
        foreach (var form in metadata.OfType<RouteForm>())
            Describe(operation, form);
        foreach (var status in Refusals(operation, policy, metadata))
            operation.Responses[status.ToString(CultureInfo.InvariantCulture)] = new OpenApiResponseReference(Problem, document);
        operation.Responses["default"] = new OpenApiResponseReference(Problem, document);
        return Task.CompletedTask;
    }

    public static Task Describe(OpenApiDocument document)
    {
        document.Info = new OpenApiInfo
        {
            Title = "Merlon control API", Version = "v1",
            Description = "For people and automation. Lists come in pages: send the cursor in next as after. Permissions are those of docs/access.md.",
        };
        // The address is the one that the document was read from.
        document.Servers = [new OpenApiServer { Url = "/" }];
        document.Tags = null;
        document.AddComponent<IOpenApiSecurityScheme>(Token, new OpenApiSecurityScheme { Type = SecuritySchemeType.Http, Scheme = "bearer", Description = "An access token, mt_ID_SECRET." });
        document.AddComponent<IOpenApiSchema>(Problem, ProblemSchema());
        document.AddComponent<IOpenApiResponse>(Problem, new OpenApiResponse
        {
            Description = "Refused, in problem details (RFC 9457). Nothing was changed unless the code says so.",
            Content = new Dictionary<string, OpenApiMediaType>(StringComparer.Ordinal)
            {
                ["application/problem+json"] = new() { Schema = new OpenApiSchemaReference(Problem, document) },
            },
        });
        return Task.CompletedTask;
    }

    private static void Describe(OpenApiOperation operation, RouteForm form)
    {
        switch (form)
        {
            case RouteForm.IdempotencyKey:
                AddHeader(operation, "Idempotency-Key", "Sent again with the same key, a create is answered again and made once. Good for 24 hours.", isRequired: false);
                break;
            case RouteForm.Revision:
                AddTag(operation);
                break;
            case RouteForm.ChangesRevision changes:
                AddHeader(operation, "If-Match", "The ETag that was read.", changes.IsRequired);
                AddTag(operation);
                break;
            case RouteForm.TakesBytes:
                operation.RequestBody = new OpenApiRequestBody { Required = true, Content = Bytes("application/octet-stream") };
                break;
            case RouteForm.GivesBytes gives:
                operation.Responses!["200"] = new OpenApiResponse { Description = "OK", Content = Bytes(gives.MediaType) };
                break;
        }
    }

    private static void AddHeader(OpenApiOperation operation, string name, string description, bool isRequired) => (operation.Parameters ??= []).Add(
        new OpenApiParameter { Name = name, In = ParameterLocation.Header, Required = isRequired, Description = description, Schema = Text() });

    private static void AddTag(OpenApiOperation operation)
    {
        foreach (var (_, response) in operation.Responses!.Where(r => r.Key.StartsWith('2')))
        {
            if (response is OpenApiResponse { } own)
                (own.Headers ??= new Dictionary<string, IOpenApiHeader>(StringComparer.Ordinal))["ETag"] = new OpenApiHeader { Description = "The revision.", Schema = Text() };
        }
    }

    private static IEnumerable<int> Refusals(OpenApiOperation operation, RoutePolicy policy, IList<object> metadata)
    {
        yield return StatusCodes.Status400BadRequest;
        if (policy is not RoutePolicy.Open)
            yield return StatusCodes.Status401Unauthorized;
        if (policy is RoutePolicy.Needs)
            yield return StatusCodes.Status403Forbidden;
        if (operation.Parameters?.Any(p => p.In == ParameterLocation.Path) == true)
            yield return StatusCodes.Status404NotFound;
        if (metadata.OfType<RouteForm.ChangesRevision>().FirstOrDefault() is not { } changes)
            yield break;
        yield return StatusCodes.Status412PreconditionFailed;
        if (changes.IsRequired)
            yield return StatusCodes.Status428PreconditionRequired;
    }

    /// <summary><c>POST /api/v1/keys/{key}/rotate</c> is <c>postKeysByKeyRotate</c>.</summary>
    private static string IdOf(string method, string path) => method.ToLowerInvariant() + string.Concat(path.Split('?')[0].Split('/')
        .Where(part => part is not ("api" or "v1" or ""))
        .Select(part => part[0] == '{' ? "By" + Pascal(part.Trim('{', '}', '*').Split(':')[0]) : Pascal(part)));

    private static string Pascal(string text) => string.Concat(text.Split('-', '.').Select(word => char.ToUpperInvariant(word[0]) + word[1..]));

    private static Dictionary<string, OpenApiMediaType> Bytes(string mediaType) =>
        new(StringComparer.Ordinal) { [mediaType] = new OpenApiMediaType { Schema = new OpenApiSchema { Type = JsonSchemaType.String, Format = "binary" } } };

    private static OpenApiSchema Text() => new() { Type = JsonSchemaType.String };

    private static OpenApiSchema ProblemSchema() => new()
    {
        Type = JsonSchemaType.Object,
        Required = new HashSet<string>(StringComparer.Ordinal) { "type", "title", "status", "code" },
        Properties = new Dictionary<string, IOpenApiSchema>(StringComparer.Ordinal)
        {
            ["type"] = new OpenApiSchema { Type = JsonSchemaType.String, Description = "urn:merlon: and the code." },
            ["title"] = new OpenApiSchema { Type = JsonSchemaType.String, Description = "One sentence for people." },
            ["status"] = new OpenApiSchema { Type = JsonSchemaType.Integer },
            ["code"] = new OpenApiSchema { Type = JsonSchemaType.String, Description = "Stable, for programs." },
            ["remedy"] = new OpenApiSchema { Type = JsonSchemaType.String, Description = "What to do." },
        },
    };
}
