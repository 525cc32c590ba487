using System.Net;
using Merlon.Gateway.Contracts;
using Merlon.Gateway.Limiting;
using Merlon.Gateway.Parsing;
using Merlon.Gateway.Pipeline;
using Merlon.Gateway.Routes;
using Merlon.Gateway.Snapshots;
using Merlon.Kernel;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.ObjectPool;

namespace Merlon.Gateway;

/// <summary>The inference gateway: Open Inference Protocol v2 over HTTP/1.1 and HTTP/2.</summary>
public static class GatewayModule
{
    /// <summary>
    /// Adds the gateway. The host also adds an <see cref="IEventSink"/>, an <see cref="IRefusalFlood"/>, a <see cref="SnapshotSource"/> and any <see cref="IRequestGuard"/>.
    /// </summary>
    /// <exception cref="ArgumentException">The options do not hold; the message says all that is wrong.</exception>
    public static IServiceCollection AddGateway(this IServiceCollection services, GatewayOptions options)
    {
        if (options.Validate() is { Count: > 0 } errors)
            throw new ArgumentException(string.Join(" ", errors), nameof(options));
        services.AddRouting();
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton(options);
        services.AddSingleton<SnapshotHolder>();
        services.AddSingleton(p => new GuardChain(p.GetServices<IRequestGuard>()));
        services.AddSingleton(p => new GatewayStatus(p.GetRequiredService<SnapshotHolder>(), p.GetRequiredService<TimeProvider>(), p.GetRequiredService<GuardChain>().Names));
        services.AddSingleton(new ByteBudget(options.MaxBytesInFlight));
        services.AddSingleton(new ConnectionTable(options.MaxConnectionsPerNetwork));
        services.AddSingleton(p => new NetworkTable(
            new Rate(options.UnauthenticatedPerSecond, options.UnauthenticatedBurst, p.GetRequiredService<TimeProvider>().TimestampFrequency)));
        services.AddSingleton<ObjectPool<Call>>(p => new DefaultObjectPool<Call>(new CallPolicy(p.GetRequiredService<ByteBudget>()), 256));
        services.AddSingleton<Resolver>();
        services.AddSingleton<CallLimits>();
        services.AddSingleton<BodyReader>();
        services.AddSingleton<WorkerCall>();
        services.AddSingleton<Evidence>();
        services.AddSingleton<PipelineSteps>();
        services.AddSingleton<InferencePipeline>();
        services.AddSingleton<HealthRoutes>();
        services.AddSingleton<MetadataRoutes>();
        services.AddSingleton<MappedRoutes>();
        services.AddHostedService<RoutePolicyCheck>();
        services.AddHostedService<SnapshotFollower>();
        return services;
    }

    /// <summary>Maps the protocol's routes and the answer to everything else, and has every route of <paramref name="routes"/> checked at start.</summary>
    public static void MapGateway(this IEndpointRouteBuilder routes)
    {
        var services = routes.ServiceProvider;
        services.GetRequiredService<MappedRoutes>().Watch(routes);
        var health = services.GetRequiredService<HealthRoutes>();
        var metadata = services.GetRequiredService<MetadataRoutes>();
        var pipeline = services.GetRequiredService<InferencePipeline>();

        routes.MapGet("/v2/health/live", HealthRoutes.LiveAsync).WithMetadata(RoutePolicy.Public);
        routes.MapGet("/v2/health/ready", health.ReadyAsync).WithMetadata(RoutePolicy.Public);
        routes.MapGet("/v2", metadata.ServerAsync).WithMetadata(RoutePolicy.ApiKey);
        foreach (var model in (string[])["/v2/models/{model}", "/v2/models/{model}/versions/{version}"])
        {
            routes.MapGet(model, metadata.ModelAsync).WithMetadata(RoutePolicy.ApiKey);
            routes.MapGet(model + "/ready", metadata.ModelReadyAsync).WithMetadata(RoutePolicy.ApiKey);
            routes.MapPost(model + "/infer", pipeline.RunAsync).WithMetadata(RoutePolicy.ApiKey);
        }
        routes.MapFallback("{**path}", metadata.UnknownAsync).WithMetadata(RoutePolicy.Public);
    }

    /// <summary>Kestrel's bounds for the inference listener. Addresses, protocols and TLS are the host's.</summary>
    public static void ConfigureKestrel(KestrelServerOptions kestrel, GatewayOptions options)
    {
        kestrel.AddServerHeader = false;
        kestrel.AllowSynchronousIO = false;
        var limits = kestrel.Limits;
        limits.MaxConcurrentConnections = options.MaxConnections;
        limits.MaxConcurrentUpgradedConnections = 0;
        // The widest that any contract may be; each call narrows it to its own.
        limits.MaxRequestBodySize = Limits.MaxBodyBytes;
        limits.MaxRequestHeaderCount = 64;
        limits.MaxRequestHeadersTotalSize = 16 * 1024;
        limits.MaxRequestLineSize = 4 * 1024;
        limits.MaxResponseBufferSize = 64 * 1024;
        limits.RequestHeadersTimeout = TimeSpan.FromSeconds(10);
        limits.KeepAliveTimeout = TimeSpan.FromMinutes(2);
        limits.MinRequestBodyDataRate = new MinDataRate(bytesPerSecond: 1024, gracePeriod: TimeSpan.FromSeconds(5));
        limits.MinResponseDataRate = new MinDataRate(bytesPerSecond: 1024, gracePeriod: TimeSpan.FromSeconds(5));
        // Kestrel closes a connection whose client resets streams faster than they end; few streams make that bound small.
        limits.Http2.MaxStreamsPerConnection = 128;
        limits.Http2.MaxRequestHeaderFieldSize = 8 * 1024;
        limits.Http2.InitialConnectionWindowSize = 1024 * 1024;
        limits.Http2.InitialStreamWindowSize = 512 * 1024;
        limits.Http2.KeepAlivePingDelay = TimeSpan.FromSeconds(30);
        limits.Http2.KeepAlivePingTimeout = TimeSpan.FromSeconds(20);
    }

    /// <summary>Bounds the connections of one network. Call it on the listener before TLS, so that a refused connection costs no handshake.</summary>
    public static void LimitConnections(ListenOptions listener)
    {
        var table = listener.ApplicationServices.GetRequiredService<ConnectionTable>();
        listener.Use(next => async connection =>
        {
            var network = Network.Of((connection.RemoteEndPoint as IPEndPoint)?.Address);
            if (!table.TryEnter(network))
            {
                connection.Abort();
                return;
            }
            try
            {
                await next(connection).ConfigureAwait(false);
            }
            finally
            {
                table.Leave(network);
            }
        });
    }
}
