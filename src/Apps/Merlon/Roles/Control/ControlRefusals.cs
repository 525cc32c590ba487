using System.Net;
using Merlon.Access.Contracts;
using Merlon.Kernel;
using Merlon.Ledger;

namespace Merlon.App.Roles.Control;

/// <summary>Refusals at the control API: one event for each known caller's, aggregated events for everyone else's.</summary>
internal sealed class ControlRefusals : IRefusalLog, IAsyncDisposable
{
    private readonly IEventSink _sink;
    private readonly RefusalAggregator _aggregator;

    public ControlRefusals(IEventSink sink, Keyring​Subjects subjects, TimeProvider time)
    {
        _sink = sink;
        _aggregator = new RefusalAggregator(sink, time, subjects.Options("control"));
    }

    public void Unauthenticated(IPAddress? network, string code) => _aggregator.Add(network, code);

    public async Task DeniedAsync(SecurityEvent denied) => await _sink.AppendAsync(denied, Durability.PageCache, CancellationToken.None);

    public ValueTask DisposeAsync() => _aggregator.DisposeAsync();
}
