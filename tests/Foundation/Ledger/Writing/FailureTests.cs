using Merlon.Keys;

namespace Merlon.Ledger.Tests;

public sealed class FailureTests : IDisposable
{
    private readonly TestLog _log = new();

    [Fact]
    public async Task AppendAsync_BodiesCannotBeWritten_RefusesUntilTheyCanAgain()
    {
        await using (var log = await _log.OpenAsync())
        {
            // A file where the organisation's directory belongs stands for any disk that refuses.
            var obstacle = Path.Combine(_log.Directory, "bodies", Scope.Default.Organisation.ToString("D"));
            File.WriteAllText(obstacle, "");
            await Assert.ThrowsAsync<EvidenceUnavailableException>(() => log.AppendAsync(TestLog.Event(1), Durability.PageCache, default).AsTask());
            Assert.Equal(0, log.Size);
            // Another organisation is not held up.
            Assert.Equal(0, await log.AppendAsync(TestLog.Event(2) with { Scope = new Scope(TestLog.OtherOrganisation, Guid.Empty) }, Durability.Disk, default));
            File.Delete(obstacle);
            Assert.Equal(1, await log.AppendAsync(TestLog.Event(1), Durability.Disk, default));
        }
        Assert.True(_log.Verify().IsValid, _log.Verify().Summary);
    }

    [Fact]
    public async Task AppendAsync_OrganisationWithoutKey_IsRefused()
    {
        await using var log = await LedgerLog.OpenAsync(_log.Options with { EventKeys = _ => default }, TimeProvider.System);
        await Assert.ThrowsAsync<EvidenceUnavailableException>(() => log.AppendAsync(TestLog.Event(1), Durability.Disk, default).AsTask());
        await using var broken = await LedgerLog.OpenAsync(_log.Options with { Directory = _log.Directory + "2", EventKeys = _ => throw new InvalidOperationException("store down") }, TimeProvider.System);
        await Assert.ThrowsAsync<EvidenceUnavailableException>(() => broken.AppendAsync(TestLog.Event(1), Durability.Disk, default).AsTask());
    }

    [Fact]
    public async Task AppendAsync_AfterDispose_IsRefused()
    {
        var log = await _log.OpenAsync();
        await log.DisposeAsync();
        await log.DisposeAsync();
        await Assert.ThrowsAsync<EvidenceUnavailableException>(() => log.AppendAsync(TestLog.Event(1), Durability.Disk, default).AsTask());
    }

    [Fact]
    public async Task AppendAsync_BodyAtTheLimit_IsTakenAndAboveItRefused()
    {
        await using var log = await _log.OpenAsync();
        var empty = EventJson.Encode(TestLog.Event(1) with { Message = "" }).Length;
        await log.AppendAsync(TestLog.Event(1) with { Message = new string('x', Limits.MaxBody - empty) }, Durability.Disk, default);
        await Assert.ThrowsAsync<ArgumentException>(() => log.AppendAsync(TestLog.Event(1) with { Message = new string('x', Limits.MaxBody - empty + 1) }, Durability.Disk, default).AsTask());
        Assert.Equal(1, log.Size);
    }

    [Fact]
    public async Task CheckpointAsync_TilesCannotBeWritten_TellsAndRecovers()
    {
        await using (var log = await _log.OpenAsync())
        {
            var obstacle = Path.Combine(_log.Directory, "tile");
            File.WriteAllText(obstacle, "");
            for (var i = 0; i < 300; i++)
                await log.AppendAsync(TestLog.Event(i), Durability.PageCache, default);
            await Assert.ThrowsAsync<EvidenceUnavailableException>(() => log.CheckpointAsync());
            Assert.NotNull(log.CheckpointError);
            File.Delete(obstacle);
            Assert.Equal(300, (await log.CheckpointAsync()).Size);
            Assert.Null(log.CheckpointError);
        }
        Assert.True(_log.Verify().IsValid, _log.Verify().Summary);
    }

    [Fact]
    public async Task Read_WhileAnotherWrites_SeesAConsistentLog()
    {
        await using var log = await LedgerLog.OpenAsync(_log.Options with { CheckpointInterval = TimeSpan.FromMilliseconds(5) }, TimeProvider.System);
        var writing = Task.Run(async () =>
        {
            for (var i = 0; i < 3000; i++)
                await log.AppendAsync(TestLog.Event(i) with { Scope = new Scope(i % 3 == 0 ? TestLog.OtherOrganisation : Scope.Default.Organisation, Guid.Empty) }, Durability.PageCache, default);
        });
        for (var i = 0; i < 100 || !writing.IsCompleted; i++)
        {
            if (!File.Exists(Path.Combine(_log.Directory, "checkpoint")))
            {
                await Task.Delay(1);
                continue;
            }
            using var reader = LedgerReader.Open(_log.Directory, _log.Keys, _log.Key);
            Assert.All(reader.Tail(20), entry => Assert.Equal(BodyState.Open, entry.State));
            if (reader.Size > 0)
                Assert.True(reader.ProveInclusion(reader.Size / 2).Verify(reader.Checkpoint!.Root));
        }
        await writing;
    }

    [Fact]
    public async Task Read_ErasedSubjectAndOrganisation_SaysErased()
    {
        await using (var log = await _log.OpenAsync())
        {
            await log.AppendAsync(TestLog.Event(1) with { Personal = new PersonalFields("s", _log.SubjectKey.PublicKey, [new("name", "Ada")]) }, Durability.Disk, default);
        }
        using (var reader = LedgerReader.Open(_log.Directory, _log.Keys with { Subject = (_, _) => ReadingKey.Erased }))
            Assert.Equal(PersonalState.Erased, reader.Tail(1)[0].Personal);
        using (var reader = LedgerReader.Open(_log.Directory, _log.Keys with { Organisation = _ => ReadingKey.Erased }))
            Assert.Equal(BodyState.Erased, reader.Tail(1)[0].State);
        using var other = P256KeyPair.Generate();
        using (var reader = LedgerReader.Open(_log.Directory, _log.Keys with { Subject = (_, _) => new ReadingKey(other.PrivateKey, false) }))
            Assert.Equal(PersonalState.Damaged, reader.Tail(1)[0].Personal);
    }

    public void Dispose() => _log.Dispose();
}
