using Merlon.Gateway.Contracts;
using Merlon.Kernel;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Merlon.Gateway.Snapshots;

/// <summary>
/// Follows control's snapshots. While control is away the last good snapshot stays in force; a snapshot that does not verify or cannot be enforced
/// is refused, reported once per reason, and asked for again.
/// </summary>
internal sealed partial class SnapshotFollower(SnapshotSource source, SnapshotHolder holder, GatewayStatus status, TimeProvider time, ILogger<SnapshotFollower> log)
    : BackgroundService
{
    /// <summary>Largest envelope, in bytes.</summary>
    public const int MaxEnvelopeBytes = 256 * 1024 * 1024;

    private static readonly TimeSpan s_shortestPause = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan s_longestPause = TimeSpan.FromSeconds(2);
    private string? _lastProblem;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var pause = s_shortestPause;
        while (!stoppingToken.IsCancellationRequested)
        {
            var problem = await TryFollowAsync(stoppingToken).ConfigureAwait(false);
            Report(problem);
            if (problem is null)
            {
                pause = s_shortestPause;
                continue;
            }
            try
            {
                await Task.Delay(pause, time, stoppingToken).ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
                return;
            }
            pause = pause * 2 < s_longestPause ? pause * 2 : s_longestPause;
        }
    }

    /// <summary>One round. Null when control was reached and what it sent, if anything, is in force.</summary>
    internal async Task<string?> TryFollowAsync(CancellationToken cancellationToken)
    {
        byte[]? envelope;
        try
        {
            envelope = await source.Fetch(holder.Current.Version, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            return $"control cannot be reached ({e.GetType().Name})";
        }
        catch (Exception)
        {
            // Stopping.
            return null;
        }
        status.Contacted();
        if (envelope is null)
        {
            // A source that answers at once that there is nothing must not be asked in a tight loop.
            await Pause(cancellationToken).ConfigureAwait(false);
            return null;
        }
        return await TakeAsync(envelope, cancellationToken).ConfigureAwait(false);
    }

    private async Task<string?> TakeAsync(byte[] envelope, CancellationToken cancellationToken)
    {
        if (envelope.Length > MaxEnvelopeBytes)
            return $"the snapshot has {envelope.Length} bytes; allowed are {MaxEnvelopeBytes}";
        if (!source.Verify(envelope).Try(out var json, out var refusal) || !GatewaySnapshotJson.Read(json.Span).Try(out var snapshot, out refusal))
            return refusal.Detail;
        if (!holder.Apply(snapshot).Try(out var applied, out refusal))
            return refusal.Detail;
        if (!applied)
            return $"the snapshot {snapshot.Version} is not newer than {holder.Current.Version}";
        Log.Applied(log, snapshot.Version, snapshot.Endpoints.Length, snapshot.Keys.Length);
        try
        {
            await source.Acknowledge(snapshot.Version, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            // A timeout of the client's own comes as a cancellation and must not end the following. Control learns of the version from the next fetch as well.
            Log.NotAcknowledged(log, snapshot.Version, e.GetType().Name);
        }
        catch (Exception)
        {
            // Stopping.
        }
        return null;
    }

    private async Task Pause(CancellationToken cancellationToken)
    {
        try
        {
            await Task.Delay(s_shortestPause, time, cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // Stopping.
        }
    }

    private void Report(string? problem)
    {
        if (problem == _lastProblem)
            return;
        _lastProblem = problem;
        status.Problem = problem;
        if (problem is not null)
            Log.Problem(log, problem, holder.Current.Version);
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information, Message = "Snapshot {Version} is in force: {Endpoints} endpoints, {Keys} keys.")]
        public static partial void Applied(ILogger logger, long version, int endpoints, int keys);

        [LoggerMessage(Level = LogLevel.Warning, Message = "Snapshots cannot be followed: {Problem}. Snapshot {Version} stays in force.")]
        public static partial void Problem(ILogger logger, string problem, long version);

        [LoggerMessage(Level = LogLevel.Warning, Message = "Snapshot {Version} is in force, but control could not be told ({Error}).")]
        public static partial void NotAcknowledged(ILogger logger, long version, string error);
    }
}
