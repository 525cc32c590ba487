using System.Net;
using Merlon.Access.Contracts;
using Merlon.Kernel;
using Merlon.Ledger;

namespace Merlon.App.Roles.Control;

/// <summary>Refusals at the control API: one event for each known caller's, aggregated events for everyone else's.</summary>
internal sealed class ControlRefusals(IEventSink sink, RefusalAggregator aggregator) : IRefusalLog
{
    public void Unauthenticated(IPAddress? network, string code) => aggregator.Record(network ?? IPAddress.None, code);

    public async Task DeniedAsync(SecurityEvent denied) => await sink.AppendAsync(denied, Durability.PageCache, CancellationToken.None);
}
