using System.Text;
using Merlon.Gateway.Contracts;
using Merlon.Gateway.Pipeline;
using Merlon.Kernel;
using Microsoft.AspNetCore.Http;

namespace Merlon.Gateway.Routes;

/// <summary>What the protocol tells of server and models, to callers with a key and of the endpoints that it names.</summary>
internal sealed class MetadataRoutes(Resolver resolver, InferencePipeline pipeline, IRefusalFlood flood)
{
    private static readonly Refusal s_noRoute = new(RefusalKind.NotFound, "route.unknown", "There is no such route.");
    private static readonly Refusal s_notReady = new(RefusalKind.Unavailable, "worker.unavailable", "The model is not running at the moment.");

    private static readonly byte[] s_server = Encoding.UTF8.GetBytes(
        $$"""{"name":"merlon","version":"{{typeof(MetadataRoutes).Assembly.GetName().Version!.ToString(3)}}","extensions":[]}""");

    public Task ServerAsync(HttpContext http)
    {
        Replies.Harden(http);
        var refusal = resolver.Authenticate(http, out var caller);
        return refusal is null ? SendAsync(http, s_server) : RefuseAsync(http, refusal, caller?.Entry.Principal);
    }

    public Task ModelAsync(HttpContext http) => WithTargetAsync(http, ready: false);

    public Task ModelReadyAsync(HttpContext http) => WithTargetAsync(http, ready: true);

    public Task UnknownAsync(HttpContext http)
    {
        Replies.Harden(http);
        return RefuseAsync(http, s_noRoute, principal: null);
    }

    private Task WithTargetAsync(HttpContext http, bool ready)
    {
        Replies.Harden(http);
        var refusal = resolver.Resolve(http, out var caller, out var call);
        if (call is null)
            return RefuseAsync(http, refusal!, caller?.Entry.Principal);
        try
        {
            if (!ready)
                return SendAsync(http, call.Target.Metadata);
            return call.Target.Link.IsUp ? SendAsync(http, call.Target.Ready) : Replies.RefuseAsync(http, s_notReady).AsTask();
        }
        finally
        {
            call.Target.Link.Release();
        }
    }

    private static Task SendAsync(HttpContext http, byte[] json) => Replies.SendAsync(http, StatusCodes.Status200OK, json).AsTask();

    private Task RefuseAsync(HttpContext http, Refusal refusal, string? principal)
    {
        flood.Add(new RefusedCall(http.Connection.RemoteIpAddress, refusal.Code, principal));
        return Replies.RefuseAsync(http, pipeline.Tempered(refusal, http)!).AsTask();
    }
}
