using Merlon.Gateway.Contracts;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Hosting;

namespace Merlon.Gateway.Routes;

/// <summary>The route builders whose routes are checked; filled while routes are mapped.</summary>
internal sealed class MappedRoutes
{
    private readonly List<IEndpointRouteBuilder> _builders = [];

    public void Watch(IEndpointRouteBuilder builder) => _builders.Add(builder);

    public IEnumerable<Endpoint> All() => _builders.SelectMany(b => b.DataSources).SelectMany(s => s.Endpoints);
}

/// <summary>Stops the start before a socket listens when any route, whoever mapped it, says nothing about who may call it.</summary>
internal sealed class RoutePolicyCheck(MappedRoutes routes) : IHostedLifecycleService
{
    public Task StartingAsync(CancellationToken cancellationToken)
    {
        Check(routes.All());
        return Task.CompletedTask;
    }

    public static void Check(IEnumerable<Endpoint> endpoints)
    {
        var undeclared = endpoints.Where(e => e.Metadata.GetMetadata<RoutePolicy>() is null).Select(e => e.DisplayName ?? "(unnamed)").ToList();
        if (undeclared.Count > 0)
            throw new InvalidOperationException($"These routes declare no policy: {string.Join(", ", undeclared)}. Give each WithMetadata(RoutePolicy.…).");
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
