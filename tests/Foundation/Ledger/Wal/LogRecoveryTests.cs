namespace Merlon.Ledger.Tests;

public sealed class LogRecoveryTests : IDisposable
{
    private readonly TestLog _log = new();

    [Fact]
    public async Task OpenAsync_WalCutAtEveryByteAfterTheCheckpoint_OpensContinuesAndVerifies()
    {
        await _log.FillAsync(5);
        // Six more events that no checkpoint covers: the copy is taken while the log is open, as after kill -9.
        var crashed = await CrashAsync(6);
        var wal = new FileInfo(Path.Combine(crashed, "wal", "00000000000000000000.wal")).Length;
        Assert.Equal(11 * WalRecord.Size, wal);
        for (var length = 5L * WalRecord.Size; length <= wal; length += 13)
        {
            Restore(crashed);
            Cut("wal/00000000000000000000.wal", length);
            await using (var log = await _log.OpenAsync())
            {
                Assert.Equal(length / WalRecord.Size, log.Recovery.Size);
                Assert.Equal(length / WalRecord.Size, await log.AppendAsync(TestLog.Event(99), Durability.Disk, default));
            }
            var verification = _log.Verify();
            Assert.True(verification.IsValid, $"{length}: {verification.Summary}");
        }
    }

    [Fact]
    public async Task OpenAsync_BodiesCutAtAnyByteAfterTheCheckpoint_DropsTheRecordsWithoutBody()
    {
        await _log.FillAsync(5);
        var crashed = await CrashAsync(3);
        var segment = Directory.EnumerateFiles(Path.Combine(crashed, "bodies"), "*.seg", SearchOption.AllDirectories).Order().Last();
        var name = Path.GetRelativePath(crashed, segment);
        var full = new FileInfo(segment).Length;
        for (var length = 0L; length < full; length += 41)
        {
            Restore(crashed);
            Cut(name, length);
            await using (var log = await _log.OpenAsync())
            {
                Assert.InRange(log.Recovery.Size, 5, 7);
                Assert.True(log.Recovery.DroppedRecords > 0);
                await log.AppendAsync(TestLog.Event(99), Durability.Disk, default);
            }
            var verification = _log.Verify();
            Assert.True(verification.IsValid, $"{length}: {verification.Summary}");
        }
    }

    [Fact]
    public async Task OpenAsync_WalShorterThanTheCheckpoint_IsRefused()
    {
        await _log.FillAsync(5);
        Cut("wal/00000000000000000000.wal", 4 * WalRecord.Size);
        await Assert.ThrowsAsync<InvalidDataException>(_log.OpenAsync);
        // Nothing was made worse: with the record back it opens.
        Assert.Equal(5, _log.Verify().Size);
    }

    [Fact]
    public async Task OpenAsync_CheckpointedLeafChanged_IsRefused()
    {
        await _log.FillAsync(5);
        var path = Path.Combine(_log.Directory, "wal/00000000000000000000.wal");
        var bytes = File.ReadAllBytes(path);
        Assert.True(WalRecord.TryRead(bytes.AsSpan(2 * WalRecord.Size, WalRecord.Size), 2, out var leaf, out var id));
        WalRecord.Write(bytes.AsSpan(2 * WalRecord.Size), leaf with { Activity = 4 }, id);
        File.WriteAllBytes(path, bytes);
        await Assert.ThrowsAsync<InvalidDataException>(_log.OpenAsync);
    }

    [Fact]
    public async Task OpenAsync_TornHistoryAndLostTiles_AreRepaired()
    {
        await _log.FillAsync(600);
        File.AppendAllText(Path.Combine(_log.Directory, "checkpoints.log"), "merlon.local/test/control\n60");
        Directory.Delete(Path.Combine(_log.Directory, "tile"), recursive: true);
        await using (var log = await _log.OpenAsync())
        {
            await log.AppendAsync(TestLog.Event(1), Durability.Disk, default);
        }
        var verification = _log.Verify();
        Assert.True(verification.IsValid, verification.Summary);
    }

    [Fact]
    public async Task OpenAsync_LogLongerThanTwoWalFiles_ContinuesFromTiles()
    {
        await _log.FillAsync(2 * WalRecord.PerFile + 10);
        await _log.FillAsync(WalRecord.PerFile, from: 200_000);
        Assert.False(File.Exists(Path.Combine(_log.Directory, "wal/00000000000000000000.wal")));
        await _log.FillAsync(5, from: 500_000);
        var verification = _log.Verify();
        Assert.True(verification.IsValid, verification.Summary);
        Assert.Equal(3 * WalRecord.PerFile + 15, verification.Size);
        Assert.Equal(verification.Size, verification.Bodies);
    }

    private async Task<string> CrashAsync(int more)
    {
        var copy = Path.Combine(_log.Root, "crashed");
        var log = await LedgerLog.OpenAsync(_log.Options with { CheckpointInterval = TimeSpan.FromHours(1) }, TimeProvider.System);
        for (var i = 0; i < more; i++)
            await log.AppendAsync(TestLog.Event(100 + i), Durability.PageCache, default);
        Copy(_log.Directory, copy);
        await log.DisposeAsync();
        return copy;
    }

    private void Restore(string crashed)
    {
        Directory.Delete(_log.Directory, recursive: true);
        Copy(crashed, _log.Directory);
    }

    private void Cut(string name, long length)
    {
        using var stream = new FileStream(Path.Combine(_log.Directory, name), FileMode.Open);
        stream.SetLength(length);
    }

    private static void Copy(string from, string to)
    {
        Directory.CreateDirectory(to);
        foreach (var directory in Directory.EnumerateDirectories(from, "*", SearchOption.AllDirectories))
            Directory.CreateDirectory(Path.Combine(to, Path.GetRelativePath(from, directory)));
        foreach (var file in Directory.EnumerateFiles(from, "*", SearchOption.AllDirectories))
        {
            // The lock is held open exclusively by the writer that is still there.
            if (Path.GetFileName(file) != "lock")
                File.Copy(file, Path.Combine(to, Path.GetRelativePath(from, file)));
        }
    }

    public void Dispose() => _log.Dispose();
}
