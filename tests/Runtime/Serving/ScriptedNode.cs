using System.Collections.Concurrent;
using System.Globalization;
using System.Net.Http.Json;
using Merlon.ControlHost;
using Merlon.Kernel;
using Merlon.Scanning.Contracts;
using Merlon.Serving.Contracts;

namespace Merlon.Serving.Tests;

/// <summary>
/// A peer that speaks the node's protocol with control over the Unix socket: it polls the assignment, answers scans and reports workers, whose fate a test
/// decides by the model's name and version.
/// </summary>
internal sealed class ScriptedNode : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _work;

    public ScriptedNode(ControlClient control)
    {
        Control = control;
        _work = Task.Run(RunAsync);
    }

    public ControlClient Control { get; }

    /// <summary>Models (as <c>NAME@N</c>) whose worker does not start.</summary>
    public ConcurrentDictionary<string, string> Failing { get; } = new(StringComparer.Ordinal);

    /// <summary>Models whose worker goes on starting.</summary>
    public ConcurrentDictionary<string, bool> Slow { get; } = new(StringComparer.Ordinal);

    public ConcurrentDictionary<string, WorkerAssignment> Seen { get; } = new(StringComparer.Ordinal);

    /// <summary>Called with each scan before it is answered.</summary>
    public Func<ScanAssignment, Task> BeforeScan { get; set; } = _ => Task.CompletedTask;

    public async Task<ControlAnswer> KeysAsync(Guid? revision, Guid? scan, Digest manifest) =>
        await Control.PostAsync("/node/keys", new KeyRequest(revision, scan, manifest));

    private async Task RunAsync()
    {
        long version = 0;
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                var path = string.Create(CultureInfo.InvariantCulture, $"/node/assignment?after={version}");
                var assignment = (await Control.Http.GetFromJsonAsync<NodeAssignment>(path, _stop.Token))!;
                version = assignment.Version;
                await FollowAsync(assignment);
            }
            catch (Exception e) when (e is OperationCanceledException or HttpRequestException)
            {
                // Stopped, or control is gone.
                return;
            }
        }
    }

    private async Task FollowAsync(NodeAssignment assignment)
    {
        foreach (var scan in assignment.Scans)
        {
            await BeforeScan(scan);
            await Control.PostAsync("/node/scans", new ScanAnswer(scan.ScanId, Clean, null));
        }
        foreach (var worker in assignment.Workers)
            Seen[worker.Model] = worker;
        await Control.PostAsync("/node/status", new NodeStatus([.. assignment.Workers.Select(Status)]));
    }

    private WorkerStatus Status(WorkerAssignment worker)
    {
        var problem = Failing.GetValueOrDefault(worker.Model);
        return new WorkerStatus
        {
            RevisionId = worker.RevisionId,
            State = Slow.ContainsKey(worker.Model) ? WorkerState.Starting : problem is null ? WorkerState.Healthy : WorkerState.Failed,
            Problem = problem,
            Isolation = "full",
            SocketPath = problem is null ? $"/run/{worker.RevisionId}.sock" : null,
        };
    }

    private static ScanReport Clean => new()
    {
        Findings = [],
        MainFile = "model.onnx",
        Signature = new ModelSignature([new TensorSpec("x", TensorType.Fp32, [-1, 2])], [new TensorSpec("y", TensorType.Fp32, [-1, 1])]),
    };

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _work;
        Control.Http.Dispose();
        _stop.Dispose();
    }
}
