using System.Globalization;
using Merlon.Kernel;
using Merlon.Keys;
using Merlon.Ledger;
using Merlon.Storage;
using Merlon.Storage.Contracts;

namespace Merlon.EndToEnd.Tests.Tampering;

/// <summary>Someone edits the ledger, or rebuilds and signs it anew with the log's own key.</summary>
[Collection(ServedInstallation.Collection)]
public sealed class LedgerTests(ServedInstallation served)
{
    // A length of two bytes stands before each leaf in a bundle of entries (C2SP tlog-tiles).
    private const int LengthSize = 2;

    [Fact]
    public async Task Verify_EditedEvent_NamesItsIndex()
    {
        var (copy, key) = await CopyAsync("edited");
        var bundle = Directory.EnumerateFiles(Path.Combine(copy, "tile", "entries"), "*", SearchOption.AllDirectories).MaxBy(f => new FileInfo(f).Length)!;
        var bytes = await File.ReadAllBytesAsync(bundle);
        var stride = LengthSize + ((bytes[0] << 8) | bytes[1]);
        const int index = 3;
        bytes[(index * stride) + stride - 1] ^= 1;
        // Every stored version of the bundle, as a careful forger would.
        foreach (var file in Directory.EnumerateFiles(Path.Combine(copy, "tile", "entries"), "*", SearchOption.AllDirectories).Where(f => new FileInfo(f).Length > index * stride))
        {
            var content = await File.ReadAllBytesAsync(file);
            bytes.AsSpan(index * stride, stride).CopyTo(content.AsSpan(index * stride));
            await File.WriteAllBytesAsync(file, content);
        }
        var verified = (await Verify(copy, key, "--json")).Exits(1);
        Assert.Contains(verified.Json["failures"]!.AsArray(), f => f!["first"]!.GetValue<long>() <= index && f["last"]!.GetValue<long>() >= index);
        var words = (await Verify(copy, key)).Exits(1);
        Assert.Contains(index.ToString(CultureInfo.InvariantCulture), words.All, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Verify_EditedBody_NamesItsIndex()
    {
        var (copy, key) = await CopyAsync("body");
        var body = Directory.EnumerateFiles(Path.Combine(copy, "bodies"), "*.seg", SearchOption.AllDirectories).MaxBy(f => new FileInfo(f).Length)!;
        await using (var file = new FileStream(body, FileMode.Open))
        {
            file.Position = file.Length / 2;
            var value = file.ReadByte();
            file.Position--;
            file.WriteByte((byte)(value ^ 1));
        }
        var verified = (await Verify(copy, key, "--json")).Exits(1);
        Assert.Contains(verified.Json["failures"]!.AsArray(), f => f!["fault"]!.GetValue<string>() is "Body" or "MissingBody" && f["first"]!.GetValue<long>() >= 0);
    }

    [Fact]
    public async Task Verify_WithTheKeyOfAnotherLog_Fails()
    {
        var (copy, _) = await CopyAsync("other-key");
        var other = (await Ledgers.AllAsync(served.Instance)).Single(l => l!["log"]!.GetValue<string>() == "gateway")!["key"]!.GetValue<string>();
        (await Verify(copy, other)).Exits(1);
    }

    [Fact]
    public async Task Verify_LogRebuiltAndSignedByAThief_FailsOnlyWithTheOutsideCheckpoint()
    {
        var (genuine, key) = await CopyAsync("genuine");
        var outside = Path.Combine(served.Sinks, "control", "checkpoint");
        (await Verify(genuine, key, "--checkpoint", outside)).Exits(0);

        // The thief has the root key and a copy of the tables, and with them the log's seed.
        var forged = Path.Combine(served.Instance.Folder, "forged");
        var size = int.Parse((await File.ReadAllLinesAsync(outside))[1], CultureInfo.InvariantCulture);
        var origin = (await File.ReadAllLinesAsync(outside))[0];
        await RebuildAsync(forged, origin, await StealSeedAsync(), size + 5);

        (await Verify(forged, key)).Exits(0);
        var exposed = (await Verify(forged, key, "--checkpoint", outside)).Exits(1);
        Assert.Contains("rewritten", exposed.All, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Prove_AnEventOverTheApi_VerifiesAndAppendsOnly()
    {
        await Eventually.TrueAsync(async () => (await served.Instance.RunAsync("audit", "prove", "5", "--since", "3")).ExitCode == 0, 5, "the event is proved");
        (await served.Instance.RunAsync("audit", "prove", "99999999")).Exits(1);
        (await served.Instance.RunAsync("audit", "tail", "--log", "nothing")).Exits(1);
    }

    /// <summary>A copy of control's log that verifies: it is taken again when the log grew meanwhile.</summary>
    private async Task<(string Folder, string Key)> CopyAsync(string name)
    {
        var log = (await Ledgers.AllAsync(served.Instance)).Single(l => l!["log"]!.GetValue<string>() == "control")!;
        var target = Path.Combine(served.Instance.Folder, "copy-" + name);
        var key = log["key"]!.GetValue<string>();
        await Eventually.TrueAsync(
            async () =>
            {
                if (Directory.Exists(target))
                    Directory.Delete(target, recursive: true);
                return (await CommandLine.RunAsync("/bin/cp", ["-r", log["directory"]!.GetValue<string>(), target])).ExitCode == 0 && (await Verify(target, key)).ExitCode == 0;
            }, 10, "a whole copy of the log");
        return (target, key);
    }

    private Task<CommandResult> Verify(string folder, string key, params string[] more) =>
        served.Instance.RunAsync(["audit", "verify", "--ledger", folder, "--key", key, .. more]);

    private async Task<byte[]> StealSeedAsync()
    {
        var loot = Directory.CreateDirectory(Path.Combine(served.Instance.Folder, "loot")).FullName;
        foreach (var file in Directory.EnumerateFiles(Path.Combine(served.Instance.Data, "db"), "merlon.db*"))
            File.Copy(file, Path.Combine(loot, Path.GetFileName(file)), overwrite: true);
        using var root = RootKey.LoadFile(served.Instance.RootKey).Value;
        var storage = new StorageOptions { DatabasePath = Path.Combine(loot, "merlon.db"), OutboxKey = root.Derive("outbox") };
        using var keyring = new Keyring(root, StorageModule.OpenKeyStore(storage), TimeProvider.System);
        return await keyring.SigningSeedAsync(Scope.Default, "ledger control");
    }

    private static async Task RebuildAsync(string folder, string origin, byte[] seed, int events)
    {
        using var organisation = System.Security.Cryptography.ECDsa.Create(System.Security.Cryptography.ECCurve.NamedCurves.nistP256);
        var publicKey = organisation.ExportSubjectPublicKeyInfo();
        await using var log = await LedgerLog.OpenAsync(
            new LedgerOptions { Directory = folder, Origin = origin, SigningSeed = seed, EventKeys = _ => publicKey, Service = "control" }, TimeProvider.System);
        for (var i = 0; i < events; i++)
            await log.AppendAsync(Harmless(i), Durability.PageCache, CancellationToken.None);
    }

    private static SecurityEvent Harmless(int number) => new()
    {
        Id = Guid.CreateVersion7(),
        Time = TimeProvider.System.GetUtcNow(),
        Class = OcsfClass.ApiActivity,
        Activity = 99,
        Operation = "nothing",
        Status = EventStatus.Success,
        Severity = EventSeverity.Informational,
        Scope = Scope.Default,
        Actor = $"nobody-{number}",
        Service = "control",
    };
}
