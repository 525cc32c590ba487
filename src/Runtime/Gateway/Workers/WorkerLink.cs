using Merlon.Gateway.Contracts;
using Merlon.Gateway.Parsing;
using Merlon.Kernel;
using Merlon.Sandbox.Contracts;
using Microsoft.Extensions.Logging;

namespace Merlon.Gateway.Workers;

/// <summary>
/// The gateway's connection to the worker of one revision: kept up while the revision is routed, made again within 50 ms of the worker's return,
/// and closed when the revision has been replaced and its last call has ended.
/// </summary>
internal sealed partial class WorkerLink
{
    private static readonly TimeSpan s_longestPause = TimeSpan.FromMilliseconds(50);

    /// <summary>After this absence nobody expects a restart in the next moment, and many such endpoints must not cost a core.</summary>
    private static readonly TimeSpan s_longAbsence = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan s_pauseInLongAbsence = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan s_connectTimeout = TimeSpan.FromSeconds(2);

    private readonly EndpointRoute _route;
    private readonly CompiledContract _contract;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly CancellationTokenSource _retired = new();
    private readonly Lock _lock = new();
    private WorkerBinding? _binding;
    private TaskCompletionSource<WorkerBinding?> _arrival = NewArrival();
    private long _downSince;
    private int _holders = 1;
    private string? _lastRefusal;

    public WorkerLink(EndpointRoute route, CompiledContract contract, TimeProvider time, ILogger log)
    {
        _route = route;
        _contract = contract;
        _time = time;
        _log = log;
        _downSince = time.GetTimestamp();
        _ = Task.Run(KeepUpAsync);
    }

    public bool IsUp => Volatile.Read(ref _binding) is { Client.IsConnected: true };

    /// <summary>Holds the link for one call. False when the revision was replaced meanwhile: look up the target again.</summary>
    public bool TryHold()
    {
        var seen = Volatile.Read(ref _holders);
        while (seen > 0)
        {
            var before = Interlocked.CompareExchange(ref _holders, seen + 1, seen);
            if (before == seen)
                return true;
            seen = before;
        }
        return false;
    }

    public void Release()
    {
        if (Interlocked.Decrement(ref _holders) == 0)
            _retired.Cancel();
    }

    /// <summary>The connection, at once when it is up. During a short absence it is waited for; null when the worker stays away.</summary>
    public ValueTask<WorkerBinding?> GetAsync(TimeSpan wait, CancellationToken cancellationToken)
    {
        var binding = Volatile.Read(ref _binding);
        return binding is { Client.IsConnected: true } ? new(binding) : WaitAsync(wait, cancellationToken);
    }

    private async ValueTask<WorkerBinding?> WaitAsync(TimeSpan wait, CancellationToken cancellationToken)
    {
        while (true)
        {
            Task<WorkerBinding?> arrival;
            TimeSpan left;
            lock (_lock)
            {
                if (_binding is { Client.IsConnected: true } binding)
                    return binding;
                // A connection that has just broken is still set until its loop has noticed.
                if (_binding is not null)
                    Lose();
                arrival = _arrival.Task;
                // The clock starts when the worker went, not when the call came: a long absence is answered at once.
                left = wait - _time.GetElapsedTime(_downSince);
            }
            if (left <= TimeSpan.Zero)
                return null;
            try
            {
                var arrived = await arrival.WaitAsync(left, _time, cancellationToken).ConfigureAwait(false);
                if (arrived is null or { Client.IsConnected: true })
                    return arrived;
            }
            catch (TimeoutException)
            {
                return null;
            }
        }
    }

    /// <summary>Marks the worker as gone. Under the lock.</summary>
    private void Lose()
    {
        Volatile.Write(ref _binding, null);
        _arrival = NewArrival();
        _downSince = _time.GetTimestamp();
    }

    private async Task KeepUpAsync()
    {
        var pause = TimeSpan.FromMilliseconds(1);
        while (!_retired.IsCancellationRequested)
        {
            if (await TryConnectAsync().ConfigureAwait(false) is { } binding)
            {
                var since = _time.GetTimestamp();
                await ServeAsync(binding).ConfigureAwait(false);
                // A worker that greets and goes is not asked in a tight loop.
                if (_time.GetElapsedTime(since) > TimeSpan.FromSeconds(1))
                    pause = TimeSpan.FromMilliseconds(1);
            }
            try
            {
                await Task.Delay(pause, _time, _retired.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
                break;
            }
            pause = _time.GetElapsedTime(_downSince) > s_longAbsence ? s_pauseInLongAbsence
                : pause * 2 < s_longestPause ? pause * 2 : s_longestPause;
        }
        lock (_lock)
            _arrival.TrySetResult(null);
    }

    private async Task ServeAsync(WorkerBinding binding)
    {
        lock (_lock)
        {
            Volatile.Write(ref _binding, binding);
            _arrival.TrySetResult(binding);
        }
        Log.Up(_log, _route.Name, _route.RevisionId);
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using (binding.Client.Closed.UnsafeRegister(static s => ((TaskCompletionSource)s!).TrySetResult(), ended).ConfigureAwait(false))
        await using (_retired.Token.UnsafeRegister(static s => ((TaskCompletionSource)s!).TrySetResult(), ended).ConfigureAwait(false))
            await ended.Task.ConfigureAwait(false);
        lock (_lock)
        {
            if (_binding is not null)
                Lose();
        }
        await binding.Client.DisposeAsync().ConfigureAwait(false);
        if (!_retired.IsCancellationRequested)
            Log.Down(_log, _route.Name, _route.RevisionId);
    }

    private async Task<WorkerBinding?> TryConnectAsync()
    {
        // Most attempts come while there is no socket; a look is cheaper than a refused connection.
        if (!File.Exists(_route.WorkerSocket))
            return null;
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(_retired.Token);
        deadline.CancelAfter(s_connectTimeout);
        WorkerClient? client = null;
        try
        {
            client = await WorkerClient.ConnectAsync(_route.WorkerSocket, _route.Manifest, deadline.Token).ConfigureAwait(false);
            if (WorkerBinding.Create(client, _contract).Try(out var binding, out var refusal))
                return binding;
            Refuse(refusal.Detail);
        }
        catch (WorkerProtocolException e)
        {
            Refuse(e.Message);
        }
        catch (Exception e) when (e is WorkerUnavailableException or OperationCanceledException or System.Net.Sockets.SocketException)
        {
            // The worker is starting or restarting; the next attempt is at most 50 ms away.
        }
        catch (Exception e)
        {
            // Such as a path too long for a socket: this link must go on trying, and say why it fails.
            Refuse($"{e.GetType().Name}: {e.Message}");
        }
        if (client is not null)
            await client.DisposeAsync().ConfigureAwait(false);
        return null;
    }

    private void Refuse(string reason)
    {
        // Attempts go on twenty times a second; the log hears of each reason once.
        if (reason == _lastRefusal)
            return;
        _lastRefusal = reason;
        Log.Refused(_log, _route.Name, _route.RevisionId, reason);
    }

    private static TaskCompletionSource<WorkerBinding?> NewArrival() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information, Message = "Worker of endpoint {Endpoint}, revision {Revision}, is connected.")]
        public static partial void Up(ILogger logger, string endpoint, Guid revision);

        [LoggerMessage(Level = LogLevel.Warning, Message = "Worker of endpoint {Endpoint}, revision {Revision}, is gone; connecting again.")]
        public static partial void Down(ILogger logger, string endpoint, Guid revision);

        [LoggerMessage(Level = LogLevel.Error, Message = "Worker of endpoint {Endpoint}, revision {Revision}, is not what was admitted: {Reason}")]
        public static partial void Refused(ILogger logger, string endpoint, Guid revision, string reason);
    }
}
