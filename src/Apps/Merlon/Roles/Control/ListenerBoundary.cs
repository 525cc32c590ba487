using System.Collections.Frozen;
using Merlon.Access.Contracts;
using Merlon.Kernel;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;

namespace Merlon.App.Roles.Control;

/// <summary>
/// Keeps the two sides apart: what roles ask is only on the Unix socket, what people ask only on the network, and there only under a name that is ours: a page
/// elsewhere whose own name is made to lead here gets nothing (DNS rebinding).
/// </summary>
internal sealed class ListenerBoundary(RequestDelegate next, ControlKeys keys)
{
    public const string InternalPrefix = "/internal";
    private readonly FrozenSet<string> _hosts = keys.HostNames().ToFrozenSet(StringComparer.OrdinalIgnoreCase);

    public Task InvokeAsync(HttpContext context)
    {
        var isSocket = context.Features.Get<IConnectionSocketFeature>()?.Socket.AddressFamily == System.Net.Sockets.AddressFamily.Unix;
        if (isSocket != context.Request.Path.StartsWithSegments(InternalPrefix, StringComparison.OrdinalIgnoreCase))
            return Problems.WriteAsync(context, new Refusal(RefusalKind.NotFound, "route.unknown", "There is nothing at this address."));
        // Whatever probes for health calls by the address that it knows.
        return isSocket || _hosts.Contains(context.Request.Host.Host.Trim('[', ']')) || context.Request.Path.StartsWithSegments("/health", StringComparison.OrdinalIgnoreCase)
            ? next(context)
            : Problems.WriteAsync(context, s_misdirected, StatusCodes.Status421MisdirectedRequest);
    }

    private static readonly Refusal s_misdirected = new(RefusalKind.Invalid, "host.unknown", "This server is not known under that name.")
    {
        Remedy = "Call it by the name in its certificate, or start it with that name: merlon up --host NAME",
    };
}
