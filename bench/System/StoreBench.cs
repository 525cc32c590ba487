using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using Merlon.Kernel;
using Merlon.Keys;
using Merlon.Ledger;

namespace Merlon.Bench.Whole;

/// <summary>Push against raw SHA-256, and the ledger's append rate.</summary>
internal static class StoreBench
{
    private const int Mebibytes = 512;

    public static async Task PushAsync(string folder)
    {
        var plain = Path.Combine(folder, "plain");
        var block = RandomNumberGenerator.GetBytes(1 << 20);
        await using (var output = File.Create(plain))
        {
            for (var i = 0; i < Mebibytes; i++)
                await output.WriteAsync(block);
        }
        var raw = new List<double>();
        var sealing = new List<double>();
        for (var round = 0; round < 3; round++)
        {
            raw.Add(Rate(() => Hash(plain)));
            sealing.Add(await SealAsync(plain, Path.Combine(folder, "sealed")));
        }
        var (best, pushed) = (raw.Max(), sealing.Max());
        WholeBench.Say(string.Create(CultureInfo.InvariantCulture,
            $"hash + seal of {Mebibytes} MiB, one read    {pushed:0} MiB/s; raw SHA-256 on one thread {best:0} MiB/s; ratio {pushed / best:0.00}"));
    }

    private static double Rate(Action action)
    {
        var begun = Stopwatch.GetTimestamp();
        action();
        return Mebibytes / Stopwatch.GetElapsedTime(begun).TotalSeconds;
    }

    private static void Hash(string path)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        using var stream = new FileStream(path, new FileStreamOptions { BufferSize = 0 });
        var buffer = new byte[1 << 20];
        int read;
        while ((read = stream.Read(buffer)) > 0)
            hash.AppendData(buffer, 0, read);
    }

    private static async Task<double> SealAsync(string source, string target)
    {
        File.Delete(target);
        await using var input = new FileStream(source, new FileStreamOptions { BufferSize = 0 });
        await using var output = new FileStream(target, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.ReadWrite, BufferSize = 0 });
        var begun = Stopwatch.GetTimestamp();
        await using var writer = SealedWriter.Create(output, RandomNumberGenerator.GetBytes(32), "bench"u8);
        var buffer = new byte[1 << 20];
        int read;
        while ((read = input.Read(buffer)) > 0)
            await writer.WriteAsync(buffer.AsMemory(0, read));
        await writer.CompleteAsync();
        return Mebibytes / Stopwatch.GetElapsedTime(begun).TotalSeconds;
    }

    public static async Task LedgerAsync(string folder)
    {
        using var events = P256KeyPair.Generate();
        await using var log = await LedgerLog.OpenAsync(new LedgerOptions
        {
            Directory = Path.Combine(folder, "ledger"),
            Origin = "merlon.local/bench",
            SigningSeed = Ed25519.GenerateSeed(),
            EventKeys = _ => events.PublicKey,
            Service = "gateway",
        }, TimeProvider.System);
        const int appenders = 64, each = 5_000;
        var begun = Stopwatch.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, appenders).Select(_ => Task.Run(async () =>
        {
            for (var i = 0; i < each; i++)
                await log.AppendAsync(Event(), Durability.PageCache, CancellationToken.None);
        })));
        var rate = appenders * each / Stopwatch.GetElapsedTime(begun).TotalSeconds;
        WholeBench.Say(string.Create(CultureInfo.InvariantCulture, $"ledger, {appenders} appenders               {rate:0} events/s, each written before it is acknowledged"));
    }

    private static SecurityEvent Event()
    {
        var now = TimeProvider.System.GetUtcNow();
        return new SecurityEvent
        {
            Id = Guid.CreateVersion7(now),
            Time = now,
            Class = OcsfClass.ApiActivity,
            Activity = 99,
            Operation = "inference",
            Actor = "c_01a201784051708a8c6db7a7692cd6f6",
            Service = "gateway",
            Attributes = [("endpoint", "01a20178-3b27-7261-9d65-3974edb4da48"), ("rows", 1), ("bytes_in", 205), ("worker_us", 40)],
        };
    }
}
