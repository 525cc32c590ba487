using Merlon.Keys;

namespace Merlon.Ledger.Tests;

/// <summary>A log in a directory of its own, with the keys that a test needs to write, read and tamper.</summary>
internal sealed class TestLog : IDisposable
{
    internal static readonly Guid OtherOrganisation = new("00000000-0000-7000-8000-0000000000aa");

    internal string Root { get; } = System.IO.Directory.CreateTempSubdirectory("merlon-ledger-").FullName;
    internal string Directory => Path.Combine(Root, "log");
    internal byte[] Seed { get; } = Ed25519.GenerateSeed();
    internal P256KeyPair EventKey { get; } = P256KeyPair.Generate();
    internal P256KeyPair SubjectKey { get; } = P256KeyPair.Generate();
    internal NoteKey Key => new("merlon.local/test/control", Ed25519.PublicKey(Seed));

    internal LedgerOptions Options => new()
    {
        Directory = Directory,
        Origin = "merlon.local/test/control",
        SigningSeed = Seed,
        EventKeys = _ => EventKey.PublicKey,
        Service = "control",
    };

    internal LedgerKeys Keys => new()
    {
        Organisation = _ => new ReadingKey(EventKey.PrivateKey, false),
        Subject = (_, _) => new ReadingKey(SubjectKey.PrivateKey, false),
    };

    internal Task<LedgerLog> OpenAsync() => LedgerLog.OpenAsync(Options, TimeProvider.System);

    internal async Task<Checkpoint> FillAsync(int count, int from = 0)
    {
        await using var log = await OpenAsync();
        for (var i = from; i < from + count; i += 256)
            await Task.WhenAll(Enumerable.Range(i, Math.Min(256, from + count - i)).Select(n => log.AppendAsync(Event(n), Durability.PageCache, default).AsTask()));
        return await log.CheckpointAsync();
    }

    internal LedgerVerification Verify(string? outside = null) => LedgerVerifier.Verify(Directory, Key.ToString(), outside);

    internal static SecurityEvent Event(int number) => new()
    {
        Id = Guid.CreateVersion7(),
        Time = DateTimeOffset.UnixEpoch.AddDays(20_000).AddSeconds(number),
        Class = OcsfClass.ApiActivity,
        Activity = 1,
        Operation = "model.push",
        Actor = "principal-7",
        Service = "control",
        Resource = new EventResource("model", "fraud"),
        Message = $"Event number {number}.",
        Attributes = [("number", number), ("region", "eu")],
    };

    public void Dispose()
    {
        EventKey.Dispose();
        SubjectKey.Dispose();
        System.IO.Directory.Delete(Root, recursive: true);
    }
}
