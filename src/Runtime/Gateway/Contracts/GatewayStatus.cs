using Merlon.Gateway.Snapshots;

namespace Merlon.Gateway.Contracts;

/// <summary>What the gateway says of itself, for the health page and the metrics.</summary>
public sealed class GatewayStatus
{
    private readonly SnapshotHolder _holder;
    private readonly TimeProvider _time;
    private readonly string[] _guards;
    private long _contact;
    private volatile string? _problem;

    internal GatewayStatus(SnapshotHolder holder, TimeProvider time, string[] guards)
    {
        _holder = holder;
        _time = time;
        _guards = guards;
        _contact = time.GetTimestamp();
    }

    /// <summary>Version in force; 0 before the first.</summary>
    public long SnapshotVersion => _holder.Current.Version;

    /// <summary>False until the first snapshot is in force.</summary>
    public bool IsReady => _holder.HasSnapshot;

    /// <summary>Time since control made the snapshot in force.</summary>
    public TimeSpan SnapshotAge => IsReady ? _time.GetUtcNow() - _holder.Current.IssuedAt : TimeSpan.Zero;

    /// <summary>Time since control was last reached.</summary>
    public TimeSpan SinceContact => _time.GetElapsedTime(Interlocked.Read(ref _contact));

    /// <summary>Why snapshots cannot be followed; null when they can.</summary>
    public string? Problem
    {
        get => _problem;
        internal set => _problem = value;
    }

    /// <summary>The guards that every inference passes, in order.</summary>
    public IReadOnlyList<string> Guards => _guards;

    internal void Contacted() => Interlocked.Exchange(ref _contact, _time.GetTimestamp());
}
