using Merlon.Access.Contracts;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Merlon.App.Roles.Control.Description;

/// <summary>The OpenAPI document of the control API, made from the routes that are there: what the roles and the console's pages use is not in it.</summary>
internal static class ApiDescription
{
    private const string Name = "v1";

    public static IServiceCollection AddApiDescription(this IServiceCollection services) => services.AddOpenApi(Name, options =>
    {
        options.ShouldInclude = IsApi;
        options.CreateSchemaReferenceId = Schemas.NameOf;
        options.AddSchemaTransformer((schema, context, _) => Schemas.Describe(schema, context));
        options.AddOperationTransformer((operation, context, _) => Operations.Describe(operation, context));
        options.AddDocumentTransformer((document, _, _) => Operations.Describe(document));
    });

    public static void MapApiDescription(this IEndpointRouteBuilder routes) => routes.MapOpenApi("/openapi.json").RequireSignIn();

    private static bool IsApi(Microsoft.AspNetCore.Mvc.ApiExplorer.ApiDescription description) =>
        description.RelativePath is { } path && !path.StartsWith("console", StringComparison.Ordinal)
        && !description.ActionDescriptor.EndpointMetadata.Any(m => m is RoutePolicy.RoleOnly or SessionRoute);
}
