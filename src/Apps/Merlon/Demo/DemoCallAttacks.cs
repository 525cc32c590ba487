using System.Diagnostics;
using System.Globalization;
using System.Text;
using Merlon.App.Cli;
using Merlon.App.Up;

namespace Merlon.App.Demo;

/// <summary>Attacks on the running endpoint.</summary>
internal sealed class DemoCallAttacks(DemoStage stage, DemoSteps steps)
{
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        steps.Chapter("5. Attacks on the endpoint");
        await StolenKeyAsync(cancellationToken);
        foreach (var (title, body, says) in Malformed())
            await MalformedAsync(title, body, says, cancellationToken);
        await KillWorkerAsync(cancellationToken);
    }

    private async Task StolenKeyAsync(CancellationToken cancellationToken)
    {
        await DemoJob.DeployAsync(stage.Owner, "fraud@1", "chargeback", "development", cancellationToken);
        var row = InferenceCaller.Body(stage.Sample.Unseen.Row(0), 1);
        var other = await stage.Caller.InferAsync("chargeback", stage.Key, row, cancellationToken);
        var absent = await stage.Caller.InferAsync("payroll", stage.Key, row, cancellationToken);
        var forged = await stage.Caller.InferAsync("fraud", stage.Key[..^1] + (stage.Key[^1] == 'A' ? 'E' : 'A'), row, cancellationToken);
        var same = other.Error.Replace("chargeback", "?", StringComparison.Ordinal) == absent.Error.Replace("payroll", "?", StringComparison.Ordinal);
        steps.Tell("Use a stolen key for another endpoint",
            $"{other.Status}, and an endpoint that does not exist looks the same ({absent.Status}). A forged key: {forged.Status}.",
            other.Status == 403 && absent.Status == 403 && same && forged.Status == 401,
            await stage.LedgerEntryAsync("gateway", body => body.Get("status_id") == "2" && DemoJob.Operation(body) == "inference" && body.Get("status_code").Length > 0, cancellationToken));
    }

    private static IEnumerable<(string Title, string Body, string Says)> Malformed()
    {
        yield return ("Send a shape whose product overflows 64 bits",
            """{"inputs":[{"name":"transactions","datatype":"FP32","shape":[16,1152921504606846978],"data":[1,2,3]}]}""", "shape");
        yield return ("Send data nested 5,000 levels deep",
            new StringBuilder("{\"inputs\":[{\"name\":\"transactions\",\"datatype\":\"FP32\",\"shape\":[1,30],\"data\":").Append('[', 5_000).Append(']', 5_000).Append("}]}").ToString(), "");
        yield return ("Send text where numbers belong",
            """{"inputs":[{"name":"transactions","datatype":"FP32","shape":[1,30],"data":["1; DROP TABLE cards"]}]}""", "");
        var outOfRange = Enumerable.Repeat("0", 30).ToArray();
        outOfRange[1] = "99";
        yield return ("Send an hour of 99, which the contract does not allow",
            $$"""{"inputs":[{"name":"transactions","datatype":"FP32","shape":[1,30],"data":[{{string.Join(',', outOfRange)}}]}]}""", "");
    }

    private async Task MalformedAsync(string title, string body, string says, CancellationToken cancellationToken)
    {
        var answer = await stage.Caller.InferAsync("fraud", stage.Key, body, cancellationToken);
        steps.Tell(title, $"{answer.Status}: {answer.Error}", answer.Status == 400 && answer.Error.Contains(says, StringComparison.OrdinalIgnoreCase),
            await stage.LedgerEntryAsync("gateway", e => e.Get("status_id") == "2" && DemoJob.Operation(e) == "inference", cancellationToken));
    }

    /// <summary>Kills the worker while calls are in flight, and measures how long nobody answers.</summary>
    private async Task KillWorkerAsync(CancellationToken cancellationToken)
    {
        var endpoints = await stage.Owner.GetAsync("endpoints", cancellationToken);
        var worker = endpoints.Items().First(e => e.Get("name") == "fraud")["worker"]!["processId"]!.GetValue<int>();
        var row = InferenceCaller.Body(stage.Sample.Unseen.Row(0), 1);
        using var calling = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var answers = new List<InferenceCaller.Answer>();
        var callers = Enumerable.Range(0, 4).Select(async _ =>
        {
            while (!calling.IsCancellationRequested)
            {
                var answer = await stage.Caller.InferAsync("fraud", stage.Key, row, CancellationToken.None);
                lock (answers)
                    answers.Add(answer);
            }
        }).ToArray();
        await Task.Delay(200, cancellationToken);
        const int kill = 9;
        _ = RoleUsers.Signal(worker, kill);
        var recovered = await RecoveryAsync(worker, row, cancellationToken);
        await Task.Delay(200, cancellationToken);
        await calling.CancelAsync();
        await Task.WhenAll(callers);

        var refused = answers.FindAll(a => a.Status != 200);
        var clean = refused.TrueForAll(a => a is { Status: 503, IsJson: true, RetryAfter: not null });
        steps.Tell("Kill the worker (kill -9) while calls are in flight",
            string.Create(CultureInfo.InvariantCulture,
                $"{answers.Count - refused.Count} answers, {refused.Count} clean 503 with Retry-After, nothing else; a new worker answers after {recovered.TotalMilliseconds:0} ms."),
            clean && recovered < TimeSpan.FromSeconds(2) && answers.Count > refused.Count,
            await stage.LedgerEntryAsync("node", e => DemoJob.Operation(e) == "worker.stop", cancellationToken));
    }

    /// <summary>Time until another process answers for the endpoint.</summary>
    private async Task<TimeSpan> RecoveryAsync(int killed, string row, CancellationToken cancellationToken)
    {
        var begun = Stopwatch.GetTimestamp();
        var refusedOnce = false;
        while (Stopwatch.GetElapsedTime(begun) < TimeSpan.FromSeconds(10))
        {
            var answer = await stage.Caller.InferAsync("fraud", stage.Key, row, cancellationToken);
            refusedOnce |= answer.Status != 200;
            if (answer.Status == 200 && (refusedOnce || !Directory.Exists($"/proc/{killed}")))
                return Stopwatch.GetElapsedTime(begun);
        }
        return TimeSpan.MaxValue;
    }
}
