using System.Collections.Concurrent;
using System.Diagnostics;

namespace Merlon.EndToEnd.Tests.MainJob;

/// <summary>Calls without a pause on a few kept connections until it is told to stop. A broken connection is opened again and counts as an answer with status 0.</summary>
internal sealed class Load : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentQueue<Answer> _answers = new();
    private readonly List<Task> _loops = [];

    /// <param name="At">Milliseconds since the load began.</param>
    /// <param name="Milliseconds">How long the call took.</param>
    internal sealed record Answer(int Status, string Body, double At, double Milliseconds, IReadOnlyDictionary<string, string> Headers);

    public double Now => Clock.Elapsed.TotalMilliseconds;

    private Stopwatch Clock { get; } = Stopwatch.StartNew();

    public static async Task<Load> StartAsync(ServedInstallation served, string endpoint, string key, int connections, string body, int pauseMilliseconds = 0)
    {
        var load = new Load();
        for (var i = 0; i < connections; i++)
        {
            var connection = await served.ConnectAsync();
            load._loops.Add(Task.Run(() => load.LoopAsync(served, connection, endpoint, key, body, pauseMilliseconds)));
        }
        return load;
    }

    private async Task LoopAsync(ServedInstallation served, RawConnection connection, string endpoint, string key, string body, int pause)
    {
        while (!_stop.IsCancellationRequested)
        {
            var began = Now;
            try
            {
                var answer = await connection.PostAsync($"/v2/models/{endpoint}/infer", key, body);
                _answers.Enqueue(new Answer(answer.Status, answer.Body, began, Now - began, answer.Headers));
            }
            catch (IOException e)
            {
                _answers.Enqueue(new Answer(0, e.Message, began, Now - began, new Dictionary<string, string>(StringComparer.Ordinal)));
                connection.Dispose();
                connection = await served.ConnectAsync();
            }
            if (pause > 0)
                await Task.Delay(pause);
        }
        connection.Dispose();
    }

    public async Task<IReadOnlyList<Answer>> StopAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_loops);
        return [.. _answers];
    }

    public static double Percentile(IEnumerable<double> values, double percentile)
    {
        var sorted = values.Order().ToArray();
        return sorted.Length == 0 ? double.NaN : sorted[(int)Math.Min(sorted.Length - 1, sorted.Length * percentile)];
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _stop.Dispose();
    }
}
