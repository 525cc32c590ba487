using Merlon.Sandbox.Contracts;
using Merlon.Serving.Contracts;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Merlon.Serving.Node;

/// <summary>Follows control's assignment: starts what is missing, stops what is no longer wanted, and says how all of it stands.</summary>
internal sealed partial class NodeAgent(
    NodeOptions options, ControlLink control, ISandboxLauncher launcher, NodeRoots roots, ScanRunner scans, NodeEvents events, ILogger<NodeAgent> log) : BackgroundService
{
    private static readonly TimeSpan s_statusInterval = TimeSpan.FromSeconds(5);
    private readonly Dictionary<Guid, WorkerRunner> _workers = [];
    private readonly Dictionary<Guid, Task> _stopping = [];
    private readonly Dictionary<Guid, Task> _scans = [];
    private readonly UserPool _users = new(options.FirstWorkerUser, options.LastWorkerUser);
    private readonly SemaphoreSlim _changed = new(0);
    private readonly Lock _lock = new();

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var reporting = ReportAsync(stoppingToken);
        var following = FollowAsync(stoppingToken);
        await Task.WhenAll(reporting, following);
        await StopAllAsync();
    }

    private async Task FollowAsync(CancellationToken cancellationToken)
    {
        long known = 0;
        for (var pause = 50; !cancellationToken.IsCancellationRequested;)
        {
            try
            {
                var assignment = await control.AssignmentAsync(known, cancellationToken);
                Apply(assignment, cancellationToken);
                known = assignment.Version;
                pause = 50;
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e)
            {
                // Workers go on without control; the assignment is asked for again.
                Log.Unreachable(log, e.Message);
                known = 0;
                await Task.Delay(pause, CancellationToken.None);
                pause = Math.Min(pause * 2, 2_000);
            }
        }
    }

    private void Apply(NodeAssignment assignment, CancellationToken cancellationToken)
    {
        var wanted = assignment.Workers.ToDictionary(w => w.RevisionId);
        lock (_lock)
        {
            foreach (var id in _workers.Keys.Where(id => !wanted.ContainsKey(id)).ToList())
            {
                // In the background: a sandbox that is slow to end must not hold up what the assignment asks for.
                _stopping[id] = _workers[id].DisposeAsync().AsTask();
                _workers.Remove(id);
            }
            foreach (var (id, worker) in wanted)
            {
                if (_workers.ContainsKey(id))
                    continue;
                var runner = new WorkerRunner(worker, options, control, launcher, roots.ModelWorker, _users, events, () => _changed.Release(), log);
                _workers.Add(id, runner);
                runner.Start(after: _stopping.GetValueOrDefault(id, Task.CompletedTask));
            }
            foreach (var scan in assignment.Scans.Where(s => !_scans.ContainsKey(s.ScanId)))
                _scans.Add(scan.ScanId, scans.RunAsync(scan, cancellationToken));
            foreach (var done in _scans.Where(s => s.Value.IsCompleted && assignment.Scans.All(a => a.ScanId != s.Key)).Select(s => s.Key).ToList())
                _scans.Remove(done);
            foreach (var stopped in _stopping.Where(s => s.Value.IsCompleted).Select(s => s.Key).ToList())
                _stopping.Remove(stopped);
        }
        _changed.Release();
    }

    /// <summary>Tells control at every change, and now and then besides.</summary>
    private async Task ReportAsync(CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                await _changed.WaitAsync(s_statusInterval, cancellationToken);
                // One report tells of all changes until now.
                while (_changed.CurrentCount > 0)
                    await _changed.WaitAsync(cancellationToken);
                await control.ReportAsync(Status(), cancellationToken);
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e)
            {
                Log.NotReported(log, e.Message);
                await Task.Delay(100, CancellationToken.None);
                _changed.Release();
            }
        }
    }

    private NodeStatus Status()
    {
        lock (_lock)
            return new NodeStatus([.. _workers.Values.Select(w => w.Status)]);
    }

    private async Task StopAllAsync()
    {
        List<Task> all;
        lock (_lock)
        {
            all = [.. _workers.Values.Select(w => w.DisposeAsync().AsTask()), .. _stopping.Values, .. _scans.Values];
            _workers.Clear();
        }
        await Task.WhenAll(all);
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Debug, Message = "Control does not take the report: {Problem}")]
        public static partial void NotReported(ILogger logger, string problem);

        [LoggerMessage(Level = LogLevel.Warning, Message = "Control cannot be followed: {Problem}")]
        public static partial void Unreachable(ILogger logger, string problem);
    }
}
