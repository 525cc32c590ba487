using System.Text.Json.Nodes;
using Merlon.App.Cli;
using Merlon.App.Roles.Control;
using Merlon.Kernel;
using Merlon.Keys;
using Merlon.Ledger;
using Merlon.Storage;
using Merlon.Storage.Contracts;

namespace Merlon.App.Demo;

/// <summary>
/// The worst thief: has the root key, and with it the log's signing key. Changes one event, rebuilds the whole log and signs it anew. The log is then
/// consistent in itself; only a checkpoint that was kept outside tells.
/// </summary>
internal sealed class DemoLedgerAttack(DemoStage stage, DemoSteps steps)
{
    private const string Log = "control";

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        steps.Chapter("6. An attack on the evidence");
        var logs = await stage.Owner.GetAsync("audit/logs", cancellationToken);
        var vkey = logs.Items().First(l => l.Get("log") == Log).Get("key");
        var genuine = stage.Supervisor.Data.Ledger(Log);
        var outside = await OutsideAsync(cancellationToken);

        var honest = LedgerVerifier.Verify(genuine, vkey, outside);
        steps.Tell("merlon audit verify --ledger … --key … --checkpoint …", honest.Summary, honest.IsValid);

        var edited = Copy(genuine, "edited");
        EditOneByte(edited);
        var found = LedgerVerifier.Verify(edited, vkey);
        steps.Tell("Edit one event in a copy of the log", found.Failures.Count > 0 ? found.Failures[0].Message : found.Summary, !found.IsValid);

        var forged = await RebuildAsync(genuine, cancellationToken);
        var alone = LedgerVerifier.Verify(forged, vkey);
        var exposed = LedgerVerifier.Verify(forged, vkey, outside);
        steps.Tell("Steal the signing key, change an event, rebuild and re-sign the whole log",
            $"By itself the forgery {(alone.IsValid ? "verifies" : "does not verify")}; with the checkpoint held outside: {(exposed.Failures.Count > 0 ? exposed.Failures[0].Message : exposed.Summary)}",
            alone.IsValid && !exposed.IsValid);
    }

    /// <summary>The copy of the newest checkpoint that the sink has outside the data folder.</summary>
    private async Task<string> OutsideAsync(CancellationToken cancellationToken)
    {
        var file = Path.Combine(stage.OutsideFolder, Log, "checkpoint");
        for (var attempt = 0; attempt < 50 && !File.Exists(file); attempt++)
            await Task.Delay(100, cancellationToken);
        return await File.ReadAllTextAsync(file, cancellationToken);
    }

    private string Copy(string log, string name)
    {
        var target = stage.NewFolder(name);
        foreach (var file in Directory.EnumerateFiles(log, "*", SearchOption.AllDirectories).Where(f => Path.GetFileName(f) != "lock"))
        {
            var path = Path.Combine(target, Path.GetRelativePath(log, file));
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.Copy(file, path);
        }
        return target;
    }

    private static void EditOneByte(string log)
    {
        var entries = Directory.EnumerateFiles(Path.Combine(log, "tile", "entries"), "*", SearchOption.AllDirectories).OrderByDescending(f => new FileInfo(f).Length).First();
        var bytes = File.ReadAllBytes(entries);
        bytes[bytes.Length / 2] ^= 1;
        File.WriteAllBytes(entries, bytes);
    }

    private async Task<string> RebuildAsync(string genuine, CancellationToken cancellationToken)
    {
        using var root = RootKey.LoadFile(stage.Options.RootKeyFile).Value;
        var storage = new StorageOptions { DatabasePath = stage.Supervisor.Data.Database, OutboxKey = root.Derive("outbox") };
        using var keyring = new Keyring(root, StorageModule.OpenKeyStore(storage), TimeProvider.System);
        var seed = await keyring.SigningSeedAsync(Scope.Default, KeyNames.Ledger(Log), cancellationToken);
        var bodyKey = (await keyring.PrivateKeyAsync(Scope.Default, KeyNames.Events, cancellationToken)).Value;
        var sealTo = (await keyring.PublicKeyAsync(Scope.Default, KeyKind.P256, KeyNames.Events, cancellationToken)).Value;

        using var reader = LedgerReader.Open(genuine, new LedgerKeys { Organisation = _ => new ReadingKey(bodyKey, false) });
        var forged = stage.NewFolder("forged");
        await using var log = await LedgerLog.OpenAsync(new LedgerOptions
        {
            Directory = forged,
            Origin = $"merlon.local/{stage.Supervisor.Data.Instance:n}/{Log}",
            SigningSeed = seed,
            EventKeys = _ => sealTo,
            Service = Log,
        }, TimeProvider.System);
        foreach (var entry in reader.Read(0, (int)reader.Size))
            await log.AppendAsync(Forge(entry), Durability.PageCache, cancellationToken);
        await log.CheckpointAsync(cancellationToken);
        return forged;
    }

    /// <summary>The same event, except that the refused deployment now reads as if it had been let through.</summary>
    private static SecurityEvent Forge(LedgerEntry entry)
    {
        var body = JsonNode.Parse(entry.Body.Span)!;
        var operation = body["unmapped"].Get("operation");
        var refused = body.Get("status_id") == "2" && operation != "deployment.refuse";
        return new SecurityEvent
        {
            Id = Guid.Parse(body["metadata"].Get("uid")),
            Time = entry.Time,
            Class = entry.Class,
            Activity = entry.Activity,
            Operation = operation,
            Status = refused ? EventStatus.Failure : EventStatus.Success,
            Actor = body["actor"]!["user"].Get("uid"),
            Service = Log,
            Message = body.Get("message"),
        };
    }
}
