namespace Merlon.Ledger.Tests;

public sealed class LedgerVerifierTests : IDisposable
{
    private readonly TestLog _log = new();

    [Fact]
    public async Task Verify_IntactLog_IsValidWithAndWithoutKeys()
    {
        var checkpoint = await _log.FillAsync(1000);
        var verification = LedgerVerifier.Verify(_log.Directory, _log.Key.ToString(), checkpoint.Note, _log.Keys);
        Assert.True(verification.IsValid, verification.Summary);
        Assert.Equal((1000, 1000), (verification.Bodies, verification.OpenedBodies));
    }

    [Fact]
    public async Task Verify_EntryChanged_NamesTheEvent()
    {
        await _log.FillAsync(1000);
        Flip(Find("tile/entries/001"), 102 * 44 + 50);
        var failure = Assert.Single(_log.Verify().Failures);
        Assert.Equal((LedgerFault.Event, 300L), (failure.Fault, failure.First));
    }

    [Fact]
    public async Task Verify_EntriesSwapped_NamesTheFirst()
    {
        await _log.FillAsync(600);
        var path = Find("tile/entries/000");
        var bytes = File.ReadAllBytes(path);
        var (a, b) = (bytes[(102 * 7)..(102 * 8)], bytes[(102 * 9)..(102 * 10)]);
        b.CopyTo(bytes, 102 * 7);
        a.CopyTo(bytes, 102 * 9);
        File.WriteAllBytes(path, bytes);
        Assert.Contains(_log.Verify().Failures, f => f.Fault == LedgerFault.Event && f.First == 7);
    }

    [Fact]
    public async Task Verify_RandomSingleBitAnywhere_IsAlwaysFound()
    {
        await _log.FillAsync(600);
        var files = Directory.EnumerateFiles(Path.Combine(_log.Directory, "tile"), "*", SearchOption.AllDirectories)
            .Concat(Directory.EnumerateFiles(Path.Combine(_log.Directory, "bodies"), "*.seg", SearchOption.AllDirectories))
            .Append(Path.Combine(_log.Directory, "checkpoint")).Order().ToList();
        // Partial tiles of sizes that were overtaken are not part of the current log.
        files.RemoveAll(f => f.Contains(".p/", StringComparison.Ordinal) && !IsCurrentPartial(f));
        Assert.True(_log.Verify().IsValid);
        var random = new Random(7);
        for (var i = 0; i < 300; i++)
        {
            var path = files[random.Next(files.Count)];
            var place = random.Next((int)new FileInfo(path).Length);
            Flip(path, place, 1 << random.Next(8));
            Assert.False(_log.Verify().IsValid, $"A changed bit at {place} of {path} was not found.");
            Undo(path, place);
        }
        Assert.True(_log.Verify().IsValid);
    }

    [Fact]
    public async Task Verify_SegmentDeletedOrCut_NamesTheMissingBodies()
    {
        await _log.FillAsync(300);
        var segment = Directory.EnumerateFiles(_log.Directory, "*.seg", SearchOption.AllDirectories).Single();
        using (var stream = new FileStream(segment, FileMode.Open))
            stream.SetLength(stream.Length - 1);
        Assert.Equal((LedgerFault.MissingBody, 299L), (Assert.Single(_log.Verify().Failures).Fault, _log.Verify().Failures[0].First));
        File.Delete(segment);
        var verification = _log.Verify();
        Assert.False(verification.IsValid);
        Assert.Equal(0, verification.Failures[0].First);
    }

    [Fact]
    public async Task Verify_PlantedPruneMarker_IsNotBelieved()
    {
        await _log.FillAsync(10);
        var segment = Directory.EnumerateFiles(_log.Directory, "*.seg", SearchOption.AllDirectories).Single();
        File.Delete(segment);
        File.WriteAllText(Path.ChangeExtension(segment, ".pruned"), new PruneMarker(Scope.Default.Organisation, 0, 8, DateTimeOffset.UnixEpoch, 9).ToJson());
        Assert.Contains(_log.Verify().Failures, f => f.Fault == LedgerFault.MissingBody);
    }

    [Fact]
    public async Task Verify_WholeLogRebuiltAndResigned_IsExposedByAnOutsideCheckpointOnly()
    {
        var outside = await _log.FillAsync(300);
        Directory.Delete(_log.Directory, recursive: true);
        await _log.FillAsync(400, from: 5000);
        Assert.True(_log.Verify().IsValid);
        var failure = Assert.Single(_log.Verify(outside.Note).Failures);
        Assert.Equal(LedgerFault.OutsideCheckpoint, failure.Fault);
        Assert.Contains("rewritten", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Verify_RolledBackToAnOlderCopy_IsExposed()
    {
        await _log.FillAsync(300);
        var old = File.ReadAllText(Path.Combine(_log.Directory, "checkpoint"));
        var newer = await _log.FillAsync(200, from: 300);
        File.WriteAllText(Path.Combine(_log.Directory, "checkpoint"), old);
        Assert.Contains(_log.Verify().Failures, f => f.Fault == LedgerFault.History);
        File.Delete(Path.Combine(_log.Directory, "checkpoints.log"));
        Assert.Equal(LedgerFault.OutsideCheckpoint, Assert.Single(_log.Verify(newer.Note).Failures).Fault);
    }

    [Fact]
    public async Task Verify_TilesAndEntriesChangedTogether_GivesTheIntervalBetweenGoodCheckpoints()
    {
        await _log.FillAsync(300);
        await _log.FillAsync(300, from: 300);
        await _log.FillAsync(300, from: 600);
        foreach (var tile in Directory.EnumerateFiles(Path.Combine(_log.Directory, "tile"), "*", SearchOption.AllDirectories).Where(f => !f.Contains("entries", StringComparison.Ordinal)))
            File.Delete(tile);
        Flip(Find("tile/entries/001"), 102 * (400 - 256) + 60);
        var failures = _log.Verify().Failures;
        Assert.Contains(failures, f => f is { Fault: LedgerFault.Event, First: 300, Last: 599 });
    }

    [Fact]
    public void Verify_NoLogOrBadKey_SaysSo()
    {
        Directory.CreateDirectory(_log.Directory);
        Assert.Equal(LedgerFault.Checkpoint, Assert.Single(_log.Verify().Failures).Fault);
        Assert.Equal(LedgerFault.Checkpoint, Assert.Single(LedgerVerifier.Verify(_log.Directory, "nonsense").Failures).Fault);
    }

    [Fact]
    public async Task PruneAsync_OldSegments_AreRemovedAndTheLogStillVerifies()
    {
        await _log.FillAsync(300);
        await using (var log = await _log.OpenAsync())
        {
            Assert.Equal(0, await log.PruneAsync(Scope.Default.Organisation, DateTimeOffset.UnixEpoch));
            Assert.Equal(1, await log.PruneAsync(Scope.Default.Organisation, DateTimeOffset.UtcNow));
        }
        var verification = _log.Verify();
        Assert.True(verification.IsValid, verification.Summary);
        Assert.Equal((300, 1), (verification.PrunedBodies, verification.Bodies));
        using var reader = LedgerReader.Open(_log.Directory, _log.Keys);
        Assert.Equal(BodyState.Pruned, reader.Read(5, 1)[0].State);
        Assert.True(reader.ProveInclusion(5).Verify(reader.Checkpoint!.Root));
    }

    private static bool IsCurrentPartial(string path) =>
        path.EndsWith("entries/002.p/88", StringComparison.Ordinal) || path.EndsWith("0/002.p/88", StringComparison.Ordinal) || path.EndsWith("1/000.p/2", StringComparison.Ordinal);

    private string Find(string name) => Path.Combine(_log.Directory, name);

    private byte _kept;

    private void Flip(string path, int place, int mask = 1)
    {
        var bytes = File.ReadAllBytes(path);
        _kept = bytes[place];
        bytes[place] ^= (byte)mask;
        File.WriteAllBytes(path, bytes);
    }

    private void Undo(string path, int place)
    {
        var bytes = File.ReadAllBytes(path);
        bytes[place] = _kept;
        File.WriteAllBytes(path, bytes);
    }

    public void Dispose() => _log.Dispose();
}
