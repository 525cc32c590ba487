using Merlon.Sandbox.Contracts;
using Merlon.Serving.Contracts;
using Merlon.Serving.Node;
using Microsoft.Extensions.DependencyInjection;

namespace Merlon.Serving;

/// <summary>The node's side of Serving: sandboxes on one machine.</summary>
public static class NodeModule
{
    /// <summary>Adds the node. The host also adds an <c>IEventSink</c>, an <see cref="ISandboxLauncher"/> and a <see cref="RootfsBuilder"/>.</summary>
    public static IServiceCollection AddNode(this IServiceCollection services, NodeOptions options) => services
        .AddSingleton(options)
        .AddSingleton<ControlLink>()
        .AddSingleton<NodeEvents>()
        .AddSingleton<NodeRoots>()
        .AddSingleton<ScanRunner>()
        .AddHostedService<NodeAgent>();
}
