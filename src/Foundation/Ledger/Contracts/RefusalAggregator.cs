using System.Net;
using System.Net.Sockets;

namespace Merlon.Ledger;

/// <summary>How refusals that anyone can cause in any number are gathered.</summary>
public sealed record RefusalAggregatorOptions
{
    /// <summary>The role of the program.</summary>
    public required string Service { get; init; }
    public Scope Scope { get; init; } = Scope.Default;
    public TimeSpan Interval { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Seals a network's name (<c>192.0.2.0/24</c>) for the event; without it the network, shortened as it is, stands in clear.</summary>
    public Func<string, PersonalFields>? Seal { get; init; }
}

/// <summary>
/// Keeps a flood of refused calls from filling the ledger: refusals are counted per network (/24 or /48), reason, caller where one is known, and
/// interval, and become one event each. Memory is bounded; beyond that many networks the rest is counted together. Safe for concurrent use.
/// </summary>
public sealed class RefusalAggregator : IAsyncDisposable
{
    private const string OtherNetworks = "other";

    /// <summary>What is counted together.</summary>
    private readonly record struct Group(string Network, string Reason, string? Principal);

    private readonly Lock _lock = new();
    private readonly IEventSink _sink;
    private readonly TimeProvider _time;
    private readonly RefusalAggregatorOptions _options;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _ticking;
    private Dictionary<Group, long> _counts = [];
    private DateTimeOffset _since;

    public RefusalAggregator(IEventSink sink, TimeProvider time, RefusalAggregatorOptions options)
    {
        (_sink, _time, _options, _since) = (sink, time, options, time.GetUtcNow());
        _ticking = Task.Run(TickAsync);
    }

    /// <summary>Refusals counted and not yet recorded; rises while the ledger cannot record.</summary>
    public long Pending
    {
        get
        {
            lock (_lock)
                return _counts.Values.Sum();
        }
    }

    /// <summary>Counts one refusal. Never blocks and never fails.</summary>
    /// <param name="address">Where the caller came from.</param>
    /// <param name="reason">A refusal code of ours, never text from the caller.</param>
    /// <param name="principal">Pseudonymous id of the caller when the credential was good; otherwise null.</param>
    public void Record(IPAddress address, string reason, string? principal = null)
    {
        var group = new Group(Network(address), reason, principal);
        lock (_lock)
        {
            // Who called stays true when there are too many networks: the number of known callers is bounded by the keys that were issued.
            if (_counts.Count >= Limits.MaxAggregatedNetworks && !_counts.ContainsKey(group))
                group = group with { Network = OtherNetworks };
            _counts[group] = _counts.GetValueOrDefault(group) + 1;
        }
    }

    /// <summary>Records what was counted. What cannot be recorded is counted on, so that no refusal is lost.</summary>
    /// <exception cref="EvidenceUnavailableException">The ledger could not record.</exception>
    public async Task FlushAsync(CancellationToken cancellationToken = default)
    {
        Dictionary<Group, long> counts;
        var (since, now) = (_since, _time.GetUtcNow());
        lock (_lock)
        {
            (counts, _counts, _since) = (_counts, [], now);
        }
        var recorded = new List<Group>();
        try
        {
            foreach (var (group, count) in counts)
            {
                await _sink.AppendAsync(Event(group, count, since, now), Durability.PageCache, cancellationToken);
                recorded.Add(group);
            }
        }
        catch
        {
            recorded.ForEach(key => counts.Remove(key));
            lock (_lock)
            {
                foreach (var (key, count) in counts)
                    _counts[key] = _counts.GetValueOrDefault(key) + count;
                _since = since;
            }
            throw;
        }
    }

    private SecurityEvent Event(in Group group, long count, DateTimeOffset since, DateTimeOffset now)
    {
        var e = new SecurityEvent
        {
            Id = Guid.CreateVersion7(now),
            Time = now,
            Class = OcsfClass.ApiActivity,
            Activity = 99,
            Operation = "refusals",
            Status = EventStatus.Failure,
            Severity = EventSeverity.Low,
            Scope = _options.Scope,
            Actor = group.Principal ?? "anonymous",
            Service = _options.Service,
            StatusCode = group.Reason,
            Message = group.Principal is null
                ? "Requests of callers who did not authenticate were refused."
                : "Calls of a known caller were refused and counted.",
            Attributes = [("count", count), ("since", since.ToUnixTimeMilliseconds())],
        };
        return _options.Seal is not null && group.Network != OtherNetworks
            ? e with { Personal = _options.Seal(group.Network) }
            : e with { Attributes = [.. e.Attributes, ("network", group.Network)] };
    }

    /// <summary>192.0.2.7 → 192.0.2.0/24, 2001:db8:1:2::3 → 2001:db8:1::/48.</summary>
    internal static string Network(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6)
            address = address.MapToIPv4();
        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out var length);
        var prefix = address.AddressFamily == AddressFamily.InterNetwork ? 3 : 6;
        bytes[prefix..length].Clear();
        return $"{new IPAddress(bytes[..length])}/{prefix * 8}";
    }

    private async Task TickAsync()
    {
        using var timer = new PeriodicTimer(_options.Interval, _time);
        try
        {
            while (await timer.WaitForNextTickAsync(_stop.Token))
            {
                try
                {
                    await FlushAsync(_stop.Token);
                }
                catch (EvidenceUnavailableException)
                {
                    // Counted on, and visible in Pending.
                }
            }
        }
        catch (OperationCanceledException)
        {
            // Closing.
        }
    }

    /// <summary>Records what is left, if the ledger takes it.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _ticking;
        try
        {
            await FlushAsync();
        }
        catch (EvidenceUnavailableException)
        {
            // The process ends; the ledger's own failure has been told to every other caller.
        }
        _stop.Dispose();
    }
}
