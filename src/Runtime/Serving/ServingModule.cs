using Merlon.Access.Contracts;
using Merlon.Admission.Contracts;
using Merlon.Scanning.Contracts;
using Merlon.Serving.Contracts;
using Merlon.Serving.Deploy;
using Merlon.Serving.Nodes;
using Merlon.Serving.Storage;
using Merlon.Storage;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Merlon.Serving;

/// <summary>Immutable revisions, and the workers that answer for them. The control side; a node's side is <see cref="NodeModule"/>.</summary>
public static class ServingModule
{
    public static IServiceCollection AddServing(this IServiceCollection services, ServingOptions options) => services
        .AddSingleton(options)
        .AddSingleton<DeploymentLocks>()
        .AddModuleDbContext<ServingDb>()
        .AddSingleton<NodeDirectory>()
        .AddScoped<AssignmentBuilder>()
        .AddScoped<RevisionSwitch>()
        .AddScoped<DeploymentService>()
        .AddScoped<EndpointRestricter>()
        .AddScoped<RouteDirectory>()
        .AddScoped<IRouteDirectory>(provider => provider.GetRequiredService<RouteDirectory>())
        .AddScoped<IDeployedVersions>(provider => provider.GetRequiredService<RouteDirectory>())
        .AddScoped<IEndpointDirectory>(provider => provider.GetRequiredService<RouteDirectory>())
        .AddScoped<IScanDispatcher, ScanDispatcher>();

    /// <summary>The API for people and automation.</summary>
    public static void MapServing(this IEndpointRouteBuilder routes)
    {
        DeploymentEndpoints.Map(routes);
        RestrictionEndpoints.Map(routes);
    }

    /// <summary>What nodes ask, on the internal listener only.</summary>
    public static void MapNodes(this IEndpointRouteBuilder routes) => NodeEndpoints.Map(routes);

    /// <summary>Brings states that only a running control can hold back to rest after a restart.</summary>
    public static async Task SettleAsync(IServiceProvider services, CancellationToken cancellationToken)
    {
        await using var scope = services.CreateAsyncScope();
        await scope.ServiceProvider.GetRequiredService<RevisionSwitch>().SettleAsync(cancellationToken);
    }
}
