using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Merlon.Ledger;

namespace Merlon.App.Cli.Audit;

/// <summary>Reads, proves and verifies the ledger.</summary>
internal static class AuditCommand
{
    public static Command Make() => new Command("audit", "Read, prove and verify the ledger").With(Tail(), Prove(), Verify(), Keys());

    private static Option<string> LogOption() => new("--log") { Description = "control, gateway or node", DefaultValueFactory = _ => "control" };

    private static Command Tail()
    {
        var log = LogOption();
        var count = new Option<int>("--count") { Description = "How many events", DefaultValueFactory = _ => 20 };
        var follow = new Option<bool>("--follow") { Description = "Go on as events come" };
        var json = CommandBase.JsonOption();
        return new Command("tail", "Show the last events of a log").With(log, count, follow, json).Does(async (result, cancellationToken) =>
        {
            using var api = ApiClient.Open();
            var name = result.GetValue(log);
            var page = await api.GetAsync($"audit/{name}/events?count={Math.Clamp(result.GetValue(count), 0, 1000)}", cancellationToken);
            while (true)
            {
                Show(page, result.GetValue(json));
                if (!result.GetValue(follow))
                    return ExitCodes.Done;
                var next = page.Items().Select(e => e["index"]!.GetValue<long>() + 1).DefaultIfEmpty(0).Max();
                do
                {
                    await Task.Delay(500, cancellationToken);
                    page = await api.GetAsync($"audit/{name}/events?from={next}&count=1000", cancellationToken);
                }
                while (!page.Items().Any());
            }
        });
    }

    private static void Show(JsonNode page, bool json)
    {
        foreach (var entry in page.Items())
        {
            if (json)
                Console.Out.WriteLine(entry.ToJsonString());
            else
                Output.Line(Describe(entry));
        }
    }

    /// <summary>One event as one line: index, time, what, who, about what, how it ended.</summary>
    internal static string Describe(JsonNode entry)
    {
        var body = entry["event"];
        var head = string.Create(CultureInfo.InvariantCulture, $"{entry["index"]!.GetValue<long>(),6}  {Output.Time(entry.Get("time"))}  ");
        if (body is null)
            return head + $"({entry.Get("state")})";
        var operation = body["unmapped"].Get("operation");
        var about = body["resources"].Items().Select(r => r.Get("name")).FirstOrDefault() ?? "";
        string[] parts = [operation, about.Length > 0 && !body.Get("message").Contains(about, StringComparison.Ordinal) ? about : "", Outcome(body), Message(body), $"by {Actor(body)}"];
        return head + string.Join("  ", parts.Where(part => part.Length > 0));
    }

    /// <summary>How it ended, when it did not succeed. In a finding, <c>status_id</c> tells how far its review is, so the control's own status decides.</summary>
    private static string Outcome(JsonNode body)
    {
        const string findings = "2";
        const string failed = "3";
        var code = body.Get("status_code");
        var isFinding = body.Get("category_uid") == findings;
        var (ended, word) = isFinding
            ? (body["compliance"] is { } compliance ? compliance.Get("status_id") == failed : code.Length > 0, "BLOCKED")
            : (body.Get("status_id") == "2", "REFUSED");
        return ended ? $"{word} {code}".TrimEnd() : "";
    }

    private static string Message(JsonNode body)
    {
        var count = body["unmapped"]?["attributes"].Get("count") ?? "";
        return count.Length > 0 ? $"{body.Get("message")} ({count} times)" : body.Get("message");
    }

    private static string Actor(JsonNode body)
    {
        var actor = body["actor"]?["user"].Get("uid") ?? "";
        // Enough of a pseudonym to tell callers apart: the end is its random part.
        return actor.Length > 20 ? $"{actor[..2]}…{actor[^8..]}" : actor;
    }

    private static Command Prove()
    {
        var index = new Argument<long>("INDEX") { Description = "Index of the event" };
        var log = LogOption();
        var since = new Option<long?>("--since") { Description = "Also prove that the log only appends to what it was at this size" };
        var json = CommandBase.JsonOption();
        return new Command("prove", "Prove that an event is in a log, and that the log only appends").With(index, log, since, json).Does(async (result, cancellationToken) =>
        {
            using var api = ApiClient.Open();
            var old = result.GetValue(since) is { } size ? $"?oldSize={size}" : "";
            var proof = await api.GetAsync($"audit/{result.GetValue(log)}/proofs/{result.GetValue(index)}{old}", cancellationToken);
            var proved = proof["verified"]!.GetValue<bool>() && (proof["consistency"]?["verified"]?.GetValue<bool>() ?? true);
            if (result.PrintedJson(json, proof))
                return proved ? ExitCodes.Done : ExitCodes.Refused;
            Output.Line($"Event {proof.Get("index")} of {proof.Get("log")}: leaf {Output.ShortDigest(proof.Get("leafHash"))}, {proof["path"].Items().Count()} hashes up to the root of {proof.Get("treeSize")} events.");
            if (proof["consistency"] is { } consistency)
                Output.Line($"The log of {consistency.Get("newSize")} events only appends to that of {consistency.Get("oldSize")}: {(consistency["verified"]!.GetValue<bool>() ? "proved" : "NOT proved")}.");
            Output.Line(proof["verified"]!.GetValue<bool>() ? "Included, under this checkpoint:" : "NOT included.");
            Output.Line(proof.Get("checkpoint").TrimEnd());
            return proved ? ExitCodes.Done : ExitCodes.Refused;
        });
    }

    private static Command Verify()
    {
        var ledger = new Option<DirectoryInfo>("--ledger") { Description = "Folder of one log (or a copy of it)", Required = true };
        var key = new Option<string>("--key") { Description = "Public key of the log: the text, or a file with it", Required = true };
        var checkpoint = new Option<FileInfo?>("--checkpoint") { Description = "Checkpoints that were kept elsewhere: the file of a sink, or its .history with all of them" };
        var json = CommandBase.JsonOption();
        return new Command("verify", "Verify a whole log offline; needs no server").With(ledger, key, checkpoint, json).Does((result, _) =>
        {
            var folder = result.GetValue(ledger)!;
            if (!folder.Exists)
                throw CliException.Unreachable($"There is no folder '{folder.FullName}'.");
            var text = result.GetValue(key)!;
            var vkey = File.Exists(text) ? File.ReadAllText(text).Trim() : text.Trim();
            if (!NoteKey.Parse(vkey).Try(out var _, out var refusal))
                throw CliException.Usage(refusal.Detail, "Ask the server for it: merlon audit keys");
            var outside = result.GetValue(checkpoint);
            if (outside is { Exists: false })
                throw CliException.Unreachable($"There is no file '{outside.FullName}'.");
            var verification = LedgerVerifier.Verify(folder.FullName, vkey, outside is null ? null : File.ReadAllText(outside.FullName));
            if (!result.PrintedJson(json, ToJson(verification)))
            {
                Output.Line(verification.Summary);
                foreach (var failure in verification.Failures.Take(20))
                    Output.Error(failure.Message, null);
                if (verification.IsValid && outside is null)
                    Output.Line("Without a checkpoint kept elsewhere (--checkpoint), a log that was wholly rebuilt and signed again would pass too.");
            }
            return Task.FromResult(verification.IsValid ? ExitCodes.Done : ExitCodes.Refused);
        });
    }

    internal static JsonObject ToJson(LedgerVerification verification) => new()
    {
        ["valid"] = verification.IsValid,
        ["origin"] = verification.Origin,
        ["size"] = verification.Size,
        ["root"] = verification.Root.ToString(),
        ["milliseconds"] = verification.Duration.TotalMilliseconds,
        ["failures"] = new JsonArray([.. verification.Failures.Select(f => (JsonNode)new JsonObject
        {
            ["fault"] = f.Fault.ToString(),
            ["first"] = f.First,
            ["last"] = f.Last,
            ["message"] = f.Message,
        })]),
    };

    private static Command Keys()
    {
        var json = CommandBase.JsonOption();
        return new Command("keys", "Show each log's public key, folder and size").With(json).Does(async (result, cancellationToken) =>
        {
            using var api = ApiClient.Open();
            var logs = await api.GetAsync("audit/logs", cancellationToken);
            if (result.PrintedJson(json, logs))
                return ExitCodes.Done;
            foreach (var log in logs.Items())
                Output.Line($"{log.Get("log"),-8} {log.Get("size"),8} events  {log.Get("directory")}\n         {log.Get("key")}");
            return ExitCodes.Done;
        });
    }
}
