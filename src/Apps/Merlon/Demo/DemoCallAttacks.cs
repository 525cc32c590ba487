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
        foreach (var request in Malformed())
            await MalformedAsync(request, cancellationToken);
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

    private sealed record BadRequest(string Title, string Body, string Code, string Says);

    private static IEnumerable<BadRequest> Malformed()
    {
        yield return new("Send a shape whose product overflows 64 bits",
            """{"inputs":[{"name":"transactions","datatype":"FP32","shape":[16,1152921504606846978],"data":[1,2,3]}]}""",
            "input.shape", "'inputs'[0].shape[1] must be a whole number from 1 to ");
        yield return new("Send data nested 5,000 levels deep",
            new StringBuilder("{\"inputs\":[{\"name\":\"transactions\",\"datatype\":\"FP32\",\"shape\":[1,30],\"data\":").Append('[', 5_000).Append(']', 5_000).Append("}]}").ToString(),
            "data.nesting", "nests an array at value 0, deeper than its shape");
        yield return new("Send text where numbers belong",
            """{"inputs":[{"name":"transactions","datatype":"FP32","shape":[1,30],"data":["1; DROP TABLE cards"]}]}""",
            "data.value", "index [0, 0]: expected a finite number within FP32, found ");
        var outOfRange = Enumerable.Repeat("0", 30).ToArray();
        outOfRange[1] = "99";
        yield return new("Send an hour of 99, which the contract does not allow",
            $$"""{"inputs":[{"name":"transactions","datatype":"FP32","shape":[1,30],"data":[{{string.Join(',', outOfRange)}}]}]}""",
            "data.range", "index [0, 1]: expected 0 to 23");
    }

    private async Task MalformedAsync(BadRequest request, CancellationToken cancellationToken)
    {
        var answer = await stage.Caller.InferAsync("fraud", stage.Key, request.Body, cancellationToken);
        steps.Tell(request.Title, $"{answer.Status}: {answer.Error}", answer.Status == 400 && answer.Error.Contains(request.Says, StringComparison.Ordinal),
            await stage.LedgerEntryAsync("gateway", "inference", request.Code, cancellationToken));
    }

    /// <summary>What became of the calls that were made while the worker was killed.</summary>
    private sealed record Kill(IReadOnlyList<InferenceCaller.Answer> Answers, TimeSpan Recovery, int Attempt)
    {
        public int Refused { get; } = Answers.Count(a => a.Status != 200);
        public bool AllClean => Answers.All(a => a.Status == 200 || a is { Status: 503, IsJson: true, RetryAfter: not null });
    }

    /// <summary>Kills the worker while calls are in flight, and measures how long nobody answers. A kill that hit no call shows nothing and is repeated.</summary>
    private async Task KillWorkerAsync(CancellationToken cancellationToken)
    {
        const int attempts = 3;
        var kill = await KillOnceAsync(attempt: 1, cancellationToken);
        while (kill.Refused == 0 && kill.Attempt < attempts)
            kill = await KillOnceAsync(kill.Attempt + 1, cancellationToken);
        var refused = kill.Refused == 0
            ? string.Create(CultureInfo.InvariantCulture, $"no call was in flight in {attempts} kills, so none was refused")
            : $"{kill.Refused} refused, {(kill.AllClean ? "each with a clean 503 and Retry-After" : "NOT all with a clean 503 and Retry-After")}";
        steps.Tell("Kill the worker (kill -9) while calls are in flight",
            string.Create(CultureInfo.InvariantCulture,
                $"{kill.Answers.Count - kill.Refused} answers, {refused}; a new worker answers after {kill.Recovery.TotalMilliseconds:0} ms."),
            kill.Refused > 0 && kill.AllClean && kill.Recovery < TimeSpan.FromSeconds(2) && kill.Answers.Count > kill.Refused,
            await stage.LedgerEntryAsync("node", e => DemoJob.Operation(e) == "worker.stop", cancellationToken));
    }

    private async Task<Kill> KillOnceAsync(int attempt, CancellationToken cancellationToken)
    {
        var endpoints = await stage.Owner.ListAsync("endpoints", cancellationToken);
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
        const int sigkill = 9;
        _ = RoleUsers.Signal(worker, sigkill);
        var recovered = await RecoveryAsync(worker, row, cancellationToken);
        await Task.Delay(200, cancellationToken);
        await calling.CancelAsync();
        await Task.WhenAll(callers);
        return new Kill(answers, recovered, attempt);
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
