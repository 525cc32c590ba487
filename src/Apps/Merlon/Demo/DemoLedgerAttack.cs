using System.Globalization;
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
/// The worst thief: has the root key, and with it the log's signing key. Changes one event, rebuilds the log above it and signs it anew. The log is then
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
        // Taken before the copies, so that each copy is at least as long as what the outside checkpoint signs.
        var outside = await OutsideAsync(cancellationToken);
        var genuine = Copy(stage.Supervisor.Data.Ledger(Log), "genuine");

        var honest = LedgerVerifier.Verify(genuine, vkey, outside);
        steps.Tell("merlon audit verify --ledger … --key … --checkpoint …", honest.Summary, honest.IsValid);

        using var root = RootKey.LoadFile(stage.Options.RootKeyFile).Value;
        using var keyring = new Keyring(root, StorageModule.OpenKeyStore(Storage(root)), TimeProvider.System);
        var keys = await ReadingKeysAsync(keyring, cancellationToken);
        var refused = FindRefusal(genuine, keys);
        EditInPlace(genuine, vkey, refused);
        await RebuildAsync(genuine, new StolenEvidence(vkey, outside, keys, refused), keyring, cancellationToken);
    }

    private sealed record StolenEvidence(string Key, string Outside, LedgerKeys Keys, LedgerEntry Refused);

    /// <summary>One bit of the event that recorded the refused deployment, in the files of a copy.</summary>
    private void EditInPlace(string genuine, string vkey, LedgerEntry refused)
    {
        var edited = Copy(genuine, "edited");
        FlipBit(edited, refused.Index);
        var found = LedgerVerifier.Verify(edited, vkey);
        steps.Tell(string.Create(CultureInfo.InvariantCulture, $"Edit event {refused.Index} in a copy of the log"),
            found.IsValid ? found.Summary : found.Failures[0].Message,
            found.Failures is [{ Fault: LedgerFault.Event } failure] && failure.First == refused.Index && failure.Last == refused.Index);
    }

    private async Task RebuildAsync(string genuine, StolenEvidence stolen, Keyring keyring, CancellationToken cancellationToken)
    {
        var seed = await keyring.SigningSeedAsync(Scope.Default, KeyNames.Ledger(Log), cancellationToken);
        var sealTo = (await keyring.PublicKeyAsync(Scope.Default, KeyKind.P256, KeyNames.Events, cancellationToken)).Value;
        var thief = new LogThief(NoteKey.Parse(stolen.Key).Value, seed, sealTo);

        // The control experiment: if rebuilding alone were noticed, the next step would prove nothing.
        var same = Copy(genuine, "rebuilt");
        thief.Resign(same);
        var unchanged = LedgerVerifier.Verify(same, stolen.Key, stolen.Outside, stolen.Keys);
        steps.Tell("Steal the signing key, rebuild and re-sign the whole log, but change nothing",
            $"With the checkpoint held outside: {unchanged.Summary}", unchanged.IsValid && Changed(genuine, same).Count == 0);

        var forged = Copy(genuine, "forged");
        thief.Replace(forged, stolen.Refused, AsIfItHadPassed(stolen.Refused));
        var alone = LedgerVerifier.Verify(forged, stolen.Key, outsideCheckpoints: null, stolen.Keys);
        var exposed = LedgerVerifier.Verify(forged, stolen.Key, stolen.Outside);
        var changed = Changed(genuine, forged);
        steps.Tell(string.Create(CultureInfo.InvariantCulture, $"The same with one event changed: the refusal in event {stolen.Refused.Index} now reads as a success"),
            $"{changed.Count} of {alone.Size} events differs. By itself the forgery {(alone.IsValid ? "verifies" : $"does not verify: {alone.Summary}")}; with the checkpoint held outside: {exposed.Summary}",
            alone.IsValid && alone.OpenedBodies == unchanged.OpenedBodies && changed is [var only] && only == stolen.Refused.Index
            && exposed.Failures is [{ Fault: LedgerFault.OutsideCheckpoint }]);
    }

    /// <summary>Indexes of the events that are not the same in both logs.</summary>
    private static List<long> Changed(string one, string other)
    {
        using var first = LedgerReader.Open(one);
        using var second = LedgerReader.Open(other);
        if (first.Size != second.Size)
            throw new InvalidDataException("The two copies of the log have different sizes.");
        return [.. first.Read(0, (int)first.Size).Zip(second.Read(0, (int)second.Size)).Where(pair => pair.First.LeafHash != pair.Second.LeafHash).Select(pair => pair.First.Index)];
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

    /// <summary>The event that the first attack of this story left: the refused deployment of the unsigned model.</summary>
    private static LedgerEntry FindRefusal(string log, LedgerKeys keys)
    {
        using var reader = LedgerReader.Open(log, keys);
        return reader.Read(0, (int)reader.Size).First(e => e.State == BodyState.Open && JsonNode.Parse(e.Body.Span)!["unmapped"].Get("operation") == "deployment.refuse");
    }

    private static void FlipBit(string log, long index)
    {
        using var reader = LedgerReader.Open(log);
        var tile = index / TilePath.Width;
        var store = new TileStore(log);
        var width = TileSource.WidthOf(reader.Size, 0, tile);
        var bundle = store.TryRead(TilePath.Entries, tile, width)!;
        var entry = (int)(index % TilePath.Width) * EntryBundle.Stride;
        bundle[entry + EntryBundle.Stride / 2] ^= 1;
        store.Write(TilePath.Entries, tile, width, bundle);
    }

    private StorageOptions Storage(RootKey root) => new() { DatabasePath = stage.Supervisor.Data.Database, OutboxKey = root.Derive("outbox") };

    private static async Task<LedgerKeys> ReadingKeysAsync(Keyring keyring, CancellationToken cancellationToken)
    {
        var bodyKey = (await keyring.PrivateKeyAsync(Scope.Default, KeyNames.Events, cancellationToken)).Value;
        return new LedgerKeys { Organisation = _ => new ReadingKey(bodyKey, false) };
    }

    /// <summary>The body of the same event, except that what was refused now reads as if it had succeeded.</summary>
    private static byte[] AsIfItHadPassed(LedgerEntry entry)
    {
        var body = JsonNode.Parse(entry.Body.Span)!.AsObject();
        body["status_id"] = 1;
        body.Remove("status_code");
        return System.Text.Encoding.UTF8.GetBytes(body.ToJsonString());
    }
}
