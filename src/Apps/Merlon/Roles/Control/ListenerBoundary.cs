using Merlon.Access.Contracts;
using Merlon.Kernel;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;

namespace Merlon.App.Roles.Control;

/// <summary>Keeps the two sides apart: what roles ask is only on the Unix socket, what people ask only on the network.</summary>
internal sealed class ListenerBoundary(RequestDelegate next)
{
    public const string InternalPrefix = "/internal";

    public Task InvokeAsync(HttpContext context)
    {
        var isSocket = context.Features.Get<IConnectionSocketFeature>()?.Socket.AddressFamily == System.Net.Sockets.AddressFamily.Unix;
        return isSocket == context.Request.Path.StartsWithSegments(InternalPrefix, StringComparison.OrdinalIgnoreCase)
            ? next(context)
            : Problems.WriteAsync(context, new Refusal(RefusalKind.NotFound, "route.unknown", "There is nothing at this address."));
    }
}
