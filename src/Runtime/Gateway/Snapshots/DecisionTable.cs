using System.Collections.Frozen;
using Merlon.Gateway.Callers;
using Merlon.Kernel;

namespace Merlon.Gateway.Snapshots;

/// <summary>One snapshot made ready to decide calls. Immutable but for counters.</summary>
internal sealed class DecisionTable
{
    public static readonly DecisionTable Empty = new(0, DateTimeOffset.MinValue, [], [], []);

    private readonly FrozenDictionary<string, Caller> _callers;
    private readonly FrozenDictionary<string, Caller>.AlternateLookup<ReadOnlySpan<char>> _callersBySpan;
    private readonly FrozenDictionary<Digest, Caller> _workloads;
    private readonly FrozenDictionary<(Scope, string), EndpointTarget> _targets;

    public DecisionTable(long version, DateTimeOffset issuedAt, IReadOnlyCollection<Caller> callers, IReadOnlyCollection<Caller> workloads,
        IReadOnlyCollection<EndpointTarget> targets)
    {
        Version = version;
        IssuedAt = issuedAt;
        _callers = callers.ToFrozenDictionary(c => c.Entry.KeyId, StringComparer.Ordinal);
        _callersBySpan = _callers.GetAlternateLookup<ReadOnlySpan<char>>();
        Workloads = workloads;
        _workloads = workloads.SelectMany(w => w.Workload!.Certificates, (w, c) => (Certificate: c, Workload: w)).ToFrozenDictionary(p => p.Certificate, p => p.Workload);
        _targets = targets.ToFrozenDictionary(t => (t.Route.Scope, t.Route.Name));
    }

    public long Version { get; }
    public DateTimeOffset IssuedAt { get; }
    public IEnumerable<Caller> Callers => _callers.Values;
    public IReadOnlyCollection<Caller> Workloads { get; }
    public IEnumerable<EndpointTarget> Targets => _targets.Values;

    public Caller? FindCaller(ReadOnlySpan<char> keyId) => _callersBySpan.TryGetValue(keyId, out var caller) ? caller : null;

    public Caller? FindWorkload(Digest certificate) => _workloads.GetValueOrDefault(certificate);

    /// <summary>Names resolve in the caller's own project.</summary>
    public EndpointTarget? FindTarget(Scope scope, string name) => _targets.GetValueOrDefault((scope, name));
}
