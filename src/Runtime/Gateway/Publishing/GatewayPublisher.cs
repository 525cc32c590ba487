using System.Collections.Concurrent;
using Merlon.Access.Contracts;
using Merlon.Gateway.Contracts;
using Merlon.Serving.Contracts;
using Microsoft.Extensions.DependencyInjection;

namespace Merlon.Gateway.Publishing;

/// <summary>
/// Control's side of the snapshot: makes it from the tables, signs it, hands it to the gateways that wait, and knows which of them follow it.
/// </summary>
internal sealed class GatewayPublisher(IServiceScopeFactory scopes, SnapshotSigner signer, TimeProvider time) : IGatewayPublisher
{
    private static readonly TimeSpan s_ackPatience = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_gatewayLife = TimeSpan.FromSeconds(45);

    /// <summary>Largest version that a gateway is believed to hold; half of the numbers stay for later ones.</summary>
    internal const long MaxVersion = long.MaxValue / 2;

    private readonly SemaphoreSlim _turn = new(1, 1);
    private readonly Lock _lock = new();
    private readonly ConcurrentDictionary<string, (long Applied, DateTimeOffset Seen)> _gateways = new(StringComparer.Ordinal);
    private TaskCompletionSource _published = New();
    private TaskCompletionSource _applied = New();
    private volatile Published? _current;
    private long _floor;

    private sealed record Published(long Version, byte[] Content, byte[] Envelope);

    public long Version => _current?.Version ?? 0;

    public async Task<bool> PublishAsync(CancellationToken cancellationToken)
    {
        long version;
        await _turn.WaitAsync(cancellationToken);
        try
        {
            version = await RefreshAsync(cancellationToken);
        }
        finally
        {
            _turn.Release();
        }
        return await WaitAppliedAsync(version);
    }

    private async Task<long> RefreshAsync(CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var snapshot = await MakeAsync(scope.ServiceProvider, cancellationToken);
        // Equal content keeps its version: a node's heartbeat is no news to a gateway.
        var content = GatewaySnapshotJson.Write(snapshot with { Version = 0, IssuedAt = default });
        var floor = Interlocked.Read(ref _floor);
        if (_current is { } current && current.Version >= floor && content.AsSpan().SequenceEqual(current.Content))
            return current.Version;
        // The clock makes versions grow across restarts; the floor, which gateways raise to what they hold, makes them grow when it was set back meanwhile.
        var version = Math.Max(Math.Max(_current?.Version ?? 0, floor) + 1, time.GetUtcNow().ToUnixTimeMilliseconds());
        var envelope = SnapshotEnvelope.Seal(GatewaySnapshotJson.Write(snapshot with { Version = version, IssuedAt = time.GetUtcNow() }), signer.Seed.Span);
        _current = new Published(version, content, envelope);
        lock (_lock)
        {
            _published.TrySetResult();
            _published = New();
        }
        return version;
    }

    private static async Task<GatewaySnapshot> MakeAsync(IServiceProvider services, CancellationToken cancellationToken)
    {
        var served = await services.GetRequiredService<IRouteDirectory>().ListServedAsync(cancellationToken);
        var workloads = await services.GetRequiredService<IWorkloadDirectory>()
            .ListActiveAsync([.. served.OrderBy(e => e.EndpointId).Select(e => new CallableEndpoint(e.EndpointId, e.Scope, e.Name))], cancellationToken);
        var keys = await services.GetRequiredService<IApiKeyDirectory>().ListActiveAsync(cancellationToken);
        return new GatewaySnapshot
        {
            Version = 0,
            IssuedAt = default,
            Endpoints = [.. served.OrderBy(e => e.EndpointId).Select(e => new EndpointRoute
            {
                Scope = e.Scope,
                EndpointId = e.EndpointId,
                Name = e.Name,
                Environment = e.Environment,
                RevisionId = e.RevisionId,
                Model = e.Model,
                ModelVersion = e.ModelVersion,
                Manifest = e.Manifest,
                ContractDigest = e.ContractDigest,
                PolicyDigest = e.PolicyDigest,
                Contract = e.Contract,
                WorkerSocket = e.WorkerSocket,
                Restrictions = e.Restrictions,
            })],
            Workloads = [.. workloads.Select(w => new WorkloadEntry
            {
                SpiffeId = w.SpiffeId,
                Scope = w.Scope,
                Principal = w.Principal,
                EndpointIds = [.. w.EndpointIds],
                Certificates = [.. w.Certificates],
                SubjectPublicKey = w.SubjectPublicKey,
            })],
            Keys = [.. keys.OrderBy(k => k.KeyId, StringComparer.Ordinal).Select(k => new ApiKeyEntry
            {
                KeyId = k.KeyId,
                SecretHash = k.SecretHash,
                Scope = k.Scope,
                Principal = k.Principal,
                EndpointIds = [k.EndpointId],
                NotAfter = k.NotAfter,
                RatePerSecond = k.RatePerSecond,
                SubjectPublicKey = k.SubjectPublicKey,
            })],
        };
    }

    private async Task<bool> WaitAppliedAsync(long version)
    {
        var deadline = time.GetUtcNow() + s_ackPatience;
        while (true)
        {
            Task applied;
            lock (_lock)
                applied = _applied.Task;
            var live = _gateways.Values.Where(g => time.GetUtcNow() - g.Seen < s_gatewayLife).ToList();
            if (live.Count > 0 && live.TrueForAll(g => g.Applied >= version))
                return true;
            var left = deadline - time.GetUtcNow();
            if (left <= TimeSpan.Zero)
                return false;
            await Task.WhenAny(applied, Task.Delay(left, time));
        }
    }

    /// <summary>Waits for a snapshot newer than the one a gateway has; null when the time is over.</summary>
    public async Task<byte[]?> WaitAsync(string gateway, long after, TimeSpan patience, CancellationToken cancellationToken)
    {
        Seen(gateway, after);
        // A gateway that holds this version or a later one may hold other content: of an earlier run of control, or of before a change nobody told of.
        if (_current is not { } known || after >= known.Version)
            await PublishQuietlyAsync(cancellationToken);
        Task published;
        lock (_lock)
            published = _published.Task;
        if (_current is { } current && current.Version > after)
            return current.Envelope;
        await Task.WhenAny(published, Task.Delay(patience, time, cancellationToken));
        // A gateway that has hung up is gone until it asks again; nobody waits for its confirmation.
        if (cancellationToken.IsCancellationRequested)
            _gateways.TryRemove(gateway, out _);
        return _current is { } newer && newer.Version > after ? newer.Envelope : null;
    }

    public void Applied(string gateway, long version)
    {
        Seen(gateway, version);
        lock (_lock)
        {
            _applied.TrySetResult();
            _applied = New();
        }
    }

    private async Task PublishQuietlyAsync(CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken);
        try
        {
            await RefreshAsync(cancellationToken);
        }
        finally
        {
            _turn.Release();
        }
    }

    private void Seen(string gateway, long version)
    {
        _gateways[gateway] = (version, time.GetUtcNow());
        // A gateway that says nonsense must not use up the numbers.
        if (version > MaxVersion)
            return;
        for (var floor = Interlocked.Read(ref _floor); version > floor;)
        {
            var seen = Interlocked.CompareExchange(ref _floor, version, floor);
            if (seen == floor)
                return;
            floor = seen;
        }
    }

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}

/// <summary>The Ed25519 seed with which control signs snapshots.</summary>
internal sealed record SnapshotSigner(ReadOnlyMemory<byte> Seed)
{
    public override string ToString() => nameof(SnapshotSigner);
}
