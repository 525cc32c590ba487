using System.Collections.Concurrent;
using System.Net;
using Merlon.Access.Contracts;
using Merlon.Kernel;

namespace Merlon.ControlHost;

/// <summary>The ledger's place: keeps events in order, once per id, and refuses while it is told to.</summary>
public sealed class RecordedEvents : IEventSink
{
    private readonly Lock _lock = new();
    private readonly List<SecurityEvent> _events = [];

    /// <summary>While set, nothing can be recorded: a full disk.</summary>
    public volatile bool Full;

    public IReadOnlyList<SecurityEvent> All
    {
        get
        {
            lock (_lock)
                return [.. _events];
        }
    }

    public IEnumerable<SecurityEvent> Of(string operation) => All.Where(e => e.Operation == operation);

    public ValueTask<long> AppendAsync(SecurityEvent securityEvent, Durability durability, CancellationToken cancellationToken)
    {
        if (Full)
            throw new EvidenceUnavailableException("The disk is full.");
        lock (_lock)
        {
            if (_events.TrueForAll(e => e.Id != securityEvent.Id))
                _events.Add(securityEvent);
            return new(_events.Count - 1);
        }
    }
}

public sealed class RecordedRefusals : IRefusalLog
{
    public ConcurrentQueue<string> Unknown { get; } = new();
    public ConcurrentQueue<SecurityEvent> Known { get; } = new();

    public void Unauthenticated(IPAddress? network, string code) => Unknown.Enqueue(code);

    public Task DeniedAsync(SecurityEvent denied)
    {
        Known.Enqueue(denied);
        return Task.CompletedTask;
    }
}

/// <summary>The system's clock, moved by what a test adds. Timers run in real time.</summary>
public sealed class ControlClock : TimeProvider
{
    private long _ahead;

    public void Advance(TimeSpan by) => Interlocked.Add(ref _ahead, by.Ticks);

    public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + TimeSpan.FromTicks(Interlocked.Read(ref _ahead));
}

/// <summary>Endpoints by name, in every project.</summary>
public sealed class NamedEndpoints : IEndpointDirectory
{
    public ConcurrentDictionary<string, EndpointReference> Known { get; } = new(StringComparer.Ordinal);

    public Task<EndpointReference?> FindAsync(Scope scope, string name, CancellationToken cancellationToken) => Task.FromResult(Known.GetValueOrDefault(name));
}

/// <summary>The gateways' place: counts what is published to them.</summary>
public sealed class CountedPublications : IGatewayPublisher
{
    private int _count;

    public int Count => Volatile.Read(ref _count);

    public Task<bool> PublishAsync(CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _count);
        return Task.FromResult(true);
    }
}
