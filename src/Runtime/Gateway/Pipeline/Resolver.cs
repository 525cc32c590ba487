using Merlon.Gateway.Callers;
using Merlon.Gateway.Parsing;
using Merlon.Gateway.Peers;
using Merlon.Gateway.Snapshots;
using Merlon.Kernel;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Merlon.Gateway.Pipeline;

/// <summary>Finds caller and target from one snapshot. Only the path names the target: a query or a header never does.</summary>
internal sealed class Resolver(SnapshotHolder snapshots, TimeProvider time)
{
    public static readonly Refusal NotReady = new(RefusalKind.Unavailable, "gateway.starting", "The gateway has no policy yet.") { RetryAfter = TimeSpan.FromSeconds(1) };

    /// <summary>The caller alone, for routes that have no target.</summary>
    public Refusal? Authenticate(HttpContext http, out Caller? caller)
    {
        caller = null;
        var table = snapshots.Current;
        return table.Version == 0 ? NotReady : Authenticator.Authenticate(http, table, time, out caller);
    }

    /// <summary>
    /// 1. The caller. 2. The target: one that does not exist, one that the caller does not name and one that is
    /// closed to this network, connection or hour get the same answer. 3. The version, which must be the routed one.
    /// On success the target's worker is held until <see cref="Workers.WorkerLink.Release"/>.
    /// </summary>
    public Refusal? Resolve(HttpContext http, out Caller? caller, out ResolvedCall? call)
    {
        call = null;
        while (true)
        {
            var table = snapshots.Current;
            caller = null;
            if (table.Version == 0)
                return NotReady;
            // 1
            if (Authenticator.Authenticate(http, table, time, out caller) is { } unknown)
                return unknown;
            // 2
            var name = http.GetRouteValue("model") as string ?? "";
            var target = table.FindTarget(caller!.Entry.Scope, name);
            if (target is null || !caller.MayCall(target.Route.EndpointId) || !IsOpenTo(http, target))
                return UnknownModel(name);
            // 3
            if (http.GetRouteValue("version") is string version && version != target.Version)
                return UnknownVersion(name, version);
            // The revision may have been replaced since the snapshot was read; then the new snapshot decides anew.
            if (target.Link.TryHold())
            {
                call = new ResolvedCall(caller, target);
                return null;
            }
        }
    }

    /// <summary>A private endpoint: from its networks, in its hours, with a certificate where it asks for one (which was found good with the caller).</summary>
    private bool IsOpenTo(HttpContext http, EndpointTarget target) => target.Restrictions is not { } restrictions
        || (restrictions.AllowsNetwork(http.Connection.RemoteIpAddress) && restrictions.AllowsTime(time.GetUtcNow())
            && (!restrictions.RequiresCertificate || http.Features.Get<PeerIdentity>() is not null));

    /// <summary>The words that clients of the protocol compare stand first.</summary>
    private static Refusal UnknownModel(string name) => new(RefusalKind.Forbidden, "endpoint.unknown",
        $"Request for unknown model: '{Text.Printable(name, Limits.MaxQuoted)}' is not found or not allowed for this key");

    private static Refusal UnknownVersion(string name, string version) => new(RefusalKind.NotFound, "endpoint.version",
        $"Request for unknown model: '{Text.Printable(name, Limits.MaxQuoted)}' version {Text.Printable(version, 20)} is not found");
}
