using System.Collections.Concurrent;
using Merlon.Kernel;

namespace Merlon.Serving.Deploy;

/// <summary>One change at a time of one endpoint: two deployments at once would race for its traffic.</summary>
internal sealed class DeploymentLocks
{
    private readonly ConcurrentDictionary<(Scope, string), bool> _held = new();

    public IDisposable? TryHold(Scope scope, string endpoint) => _held.TryAdd((scope, endpoint), true) ? new Hold(this, (scope, endpoint)) : null;

    public static Refusal Busy(string endpoint) => new(RefusalKind.Conflict, "endpoint.busy", $"Another deployment of '{Text.Printable(endpoint, 63)}' is under way.")
    {
        Remedy = "Wait for it to end and try again.",
    };

    private sealed class Hold(DeploymentLocks owner, (Scope, string) key) : IDisposable
    {
        public void Dispose() => owner._held.TryRemove(key, out _);
    }
}
