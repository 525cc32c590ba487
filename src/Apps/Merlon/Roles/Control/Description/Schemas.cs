using System.Text.Json.Serialization.Metadata;
using Merlon.Kernel;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace Merlon.App.Roles.Control.Description;

/// <summary>Names and forms of the types that the API takes and gives.</summary>
internal static class Schemas
{
    private const string Suffix = "Endpoints";

    /// <summary>Requests and answers lie in the class of their endpoints, and several are called alike: its name makes them different.</summary>
    public static string? NameOf(JsonTypeInfo type) => OpenApiOptions.CreateDefaultSchemaReferenceId(type) is null ? null : NameOf(type.Type);

    public static Task Describe(OpenApiSchema schema, OpenApiSchemaTransformerContext context)
    {
        var type = Nullable.GetUnderlyingType(context.JsonTypeInfo.Type) ?? context.JsonTypeInfo.Type;
        if (type == typeof(Digest))
        {
            // Its converter writes text, which the exporter cannot know.
            schema.Type = type == context.JsonTypeInfo.Type ? JsonSchemaType.String : JsonSchemaType.String | JsonSchemaType.Null;
            schema.Pattern = "^sha256:[0-9a-f]{64}$";
        }
        return Task.CompletedTask;
    }

    private static string NameOf(Type type)
    {
        var name = type.IsGenericType ? type.Name[..type.Name.IndexOf('`', StringComparison.Ordinal)] : type.Name;
        if (type.DeclaringType is { } outer)
            name = (outer.Name.EndsWith(Suffix, StringComparison.Ordinal) ? outer.Name[..^Suffix.Length] : outer.Name) + name;
        return type.IsGenericType ? $"{name}Of{string.Join("And", type.GetGenericArguments().Select(NameOf))}" : name;
    }
}
