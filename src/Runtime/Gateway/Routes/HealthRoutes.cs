using Merlon.Gateway.Contracts;
using Merlon.Gateway.Pipeline;
using Microsoft.AspNetCore.Http;

namespace Merlon.Gateway.Routes;

/// <summary>Liveness and readiness: open to anyone, and without a word on why.</summary>
internal sealed class HealthRoutes(GatewayStatus status)
{
    private static readonly byte[] s_live = """{"live":true}"""u8.ToArray();
    private static readonly byte[] s_ready = """{"ready":true}"""u8.ToArray();
    private static readonly byte[] s_notReady = """{"ready":false}"""u8.ToArray();

    public static Task LiveAsync(HttpContext http)
    {
        Replies.Harden(http);
        return Replies.SendAsync(http, StatusCodes.Status200OK, s_live).AsTask();
    }

    public Task ReadyAsync(HttpContext http)
    {
        Replies.Harden(http);
        var ready = status.IsReady;
        return Replies.SendAsync(http, ready ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable, ready ? s_ready : s_notReady).AsTask();
    }
}
