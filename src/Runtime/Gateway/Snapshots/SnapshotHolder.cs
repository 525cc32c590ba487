using Merlon.Gateway.Callers;
using Merlon.Gateway.Contracts;
using Merlon.Gateway.Limiting;
using Merlon.Gateway.Parsing;
using Merlon.Gateway.Workers;
using Merlon.Kernel;
using Merlon.Keys;
using Microsoft.Extensions.Logging;

namespace Merlon.Gateway.Snapshots;

/// <summary>
/// The snapshot by which calls are decided, behind one reference. A new one replaces it in one step: calls that began finish under the old one, on the old
/// revision's worker. A snapshot that cannot be enforced changes nothing.
/// </summary>
internal sealed partial class SnapshotHolder(GatewayOptions options, TimeProvider time, ILogger<SnapshotHolder> log) : IDisposable
{
    /// <summary>Bounds on one snapshot.</summary>
    public const int MaxEndpoints = 10_000;
    public const int MaxKeys = 1_000_000;
    public const int MaxWorkloads = 100_000;
    public const int MaxCertificates = 8;

    private readonly Lock _lock = new();
    private volatile DecisionTable _current = DecisionTable.Empty;

    public DecisionTable Current => _current;
    public bool HasSnapshot => _current.Version > 0;

    /// <summary>True when the snapshot is now in force, false when it is not newer than the present one.</summary>
    public Result<bool> Apply(GatewaySnapshot snapshot)
    {
        lock (_lock)
        {
            var old = _current;
            if (snapshot.Version <= old.Version)
                return false;
            if (Check(snapshot) is { } refusal)
                return refusal;

            // An endpoint that cannot be enforced is not served. It must not hold up the rest: the same snapshot may revoke a key.
            var endpoints = new List<(EndpointRoute Route, CompiledContract Contract)>(snapshot.Endpoints.Length);
            foreach (var route in snapshot.Endpoints)
            {
                var broken = route.Restrictions?.Check();
                if (broken is null && CompiledContract.Compile(route.Contract).Try(out var contract, out broken))
                    endpoints.Add((route, contract));
                else
                    Log.NotServed(log, route.Name, broken!.Detail);
            }
            _current = Build(snapshot, endpoints, old);
            Retire(old, _current);
            return true;
        }
    }

    /// <summary>Lets go of the workers, each as its last call ends.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            Retire(_current, DecisionTable.Empty);
            _current = DecisionTable.Empty;
        }
    }

    private DecisionTable Build(GatewaySnapshot snapshot, List<(EndpointRoute Route, CompiledContract Contract)> endpoints, DecisionTable old)
    {
        var oldCallers = old.Callers.ToDictionary(c => c.Entry.KeyId);
        var callers = snapshot.Keys
            .Select(k => new Caller(k, options, time.TimestampFrequency, oldCallers.GetValueOrDefault(k.KeyId)?.Counters))
            .ToList();
        var oldWorkloads = old.Workloads.ToDictionary(w => w.Entry.KeyId, StringComparer.Ordinal);
        var workloads = snapshot.Workloads
            .Select(w => Caller.Of(w, options, time.TimestampFrequency, oldWorkloads.GetValueOrDefault(w.SpiffeId)?.Counters))
            .ToList();
        var oldTargets = old.Targets.ToDictionary(t => t.Route.EndpointId);
        var targets = endpoints
            .Select(e => BuildTarget(e.Route, e.Contract, oldTargets.GetValueOrDefault(e.Route.EndpointId)))
            .ToList();
        return new DecisionTable(snapshot.Version, snapshot.IssuedAt, callers, workloads, targets);
    }

    private EndpointTarget BuildTarget(EndpointRoute route, CompiledContract contract, EndpointTarget? old)
    {
        var link = old is not null && SameWorker(old.Route, route) ? old.Link : new WorkerLink(route, contract, time, log);
        return new EndpointTarget(route, contract, link, old?.Running ?? new Slots(), route.MaxConcurrent ?? options.MaxConcurrentPerEndpoint);
    }

    private static bool SameWorker(EndpointRoute a, EndpointRoute b) =>
        a.RevisionId == b.RevisionId && a.WorkerSocket == b.WorkerSocket && a.Manifest == b.Manifest && a.ContractDigest == b.ContractDigest;

    private static void Retire(DecisionTable old, DecisionTable current)
    {
        var kept = current.Targets.Select(t => t.Link).ToHashSet();
        foreach (var target in old.Targets)
        {
            if (!kept.Contains(target.Link))
                target.Link.Release();
        }
    }

    private static Refusal? Check(GatewaySnapshot snapshot)
    {
        if (snapshot.Endpoints.IsDefault || snapshot.Keys.IsDefault || snapshot.Endpoints.Length > MaxEndpoints || snapshot.Keys.Length > MaxKeys)
            return Broken($"The snapshot has more than {MaxEndpoints} endpoints or {MaxKeys} keys.");
        var names = new HashSet<(Scope, string)>();
        var ids = new HashSet<Guid>();
        foreach (var route in snapshot.Endpoints)
        {
            if (!Names.IsValid(route.Name) || !names.Add((route.Scope, route.Name)) || !ids.Add(route.EndpointId))
                return Broken($"The endpoint '{Text.Printable(route.Name, 80)}' has a name or id that is invalid or stands twice.");
            if (route.Timeout <= TimeSpan.Zero || route.Timeout > TimeSpan.FromHours(1))
                return Broken($"The endpoint '{route.Name}' has a timeout of {route.Timeout}; allowed is up to one hour.");
        }
        var keys = new HashSet<string>(StringComparer.Ordinal);
        foreach (var key in snapshot.Keys)
        {
            if (key.KeyId.Length != ApiKeys.KeyIdLength || !keys.Add(key.KeyId) || key.EndpointIds.IsDefault || key.SecretHash.IsEmpty)
                return Broken($"The key '{Text.Printable(key.KeyId, 40)}' is malformed or stands twice.");
            if (key.RatePerSecond is { } rate && rate is not (>= 0.001 and <= 1e6) || key.Burst is < 1 or > 1_000_000 || key.MaxConcurrent is < 1)
                return Broken($"The key '{key.KeyId}' has limits that are out of range.");
        }
        return CheckWorkloads(snapshot);
    }

    private static Refusal? CheckWorkloads(GatewaySnapshot snapshot)
    {
        if (snapshot.Workloads.IsDefault || snapshot.Workloads.Length > MaxWorkloads)
            return Broken($"The snapshot has more than {MaxWorkloads} workloads.");
        var ids = new HashSet<string>(StringComparer.Ordinal);
        var certificates = new HashSet<Digest>();
        foreach (var workload in snapshot.Workloads)
        {
            if (!SpiffeId.TryParse(workload.SpiffeId, out _) || !ids.Add(workload.SpiffeId) || workload.EndpointIds.IsDefault
                || workload.Certificates.IsDefault || workload.Certificates.Length > MaxCertificates || !workload.Certificates.All(certificates.Add))
                return Broken($"The workload '{Text.Printable(workload.SpiffeId, 80)}' is malformed or stands twice.");
        }
        return null;
    }

    private static Refusal Broken(string detail) => new(RefusalKind.Invalid, "snapshot.invalid", detail);

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Error, Message = "The endpoint {Endpoint} is not served: {Problem}")]
        public static partial void NotServed(ILogger logger, string endpoint, string problem);
    }
}
