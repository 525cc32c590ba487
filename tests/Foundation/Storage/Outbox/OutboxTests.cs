using System.Text.Json;
using Merlon.Kernel;
using Merlon.Storage.Contracts;
using Merlon.Storage.Outbox;
using Microsoft.EntityFrameworkCore;

namespace Merlon.Storage.Tests.Outbox;

public sealed class OutboxTests : IDisposable
{
    private readonly TestDatabase _database = new();
    private readonly OutboxPump _pump;

    public OutboxTests() => _pump = _database.NewPump();

    private long Waiting => _database.Scalar("SELECT count(*) FROM storage_outbox");

    private async Task CommitAsync(string name, params SecurityEvent[] events)
    {
        await using var db = _database.Open(_pump);
        db.Items.Add(new Item { Id = Guid.CreateVersion7().ToString(), Name = name });
        await db.CommitAsync(events, CancellationToken.None);
    }

    [Fact]
    public async Task Commit_ChangeAndEvent_BothArrive_AndTheEventIsWhole()
    {
        var told = TestDatabase.Event();
        await CommitAsync("a", told);
        var arrived = Assert.Single(_database.Sink.Events);
        Assert.Equal(JsonSerializer.Serialize(told), JsonSerializer.Serialize(arrived));
        Assert.Equal((0, 1), (Waiting, _database.Scalar("SELECT count(*) FROM thing_items")));
    }

    [Fact]
    public async Task Commit_ChangeThatTheTablesRefuse_LeavesNoEvent()
    {
        await CommitAsync("a", TestDatabase.Event());
        await Assert.ThrowsAsync<DbUpdateException>(() => CommitAsync("a", TestDatabase.Event()));
        Assert.Equal(0, Waiting);
        Assert.Equal(0, await _pump.FlushAsync(CancellationToken.None));
        Assert.Single(_database.Sink.Events);
    }

    [Fact]
    public async Task Commit_EventThatTheTablesRefuse_LeavesNoChange()
    {
        _database.Sink.Refuses = true;
        var told = TestDatabase.Event();
        await Assert.ThrowsAsync<EvidenceUnavailableException>(() => CommitAsync("a", told));
        await Assert.ThrowsAsync<DbUpdateException>(() => CommitAsync("b", told));
        Assert.Equal(0, _database.Scalar("SELECT count(*) FROM thing_items WHERE Name = 'b'"));
    }

    [Fact]
    public async Task Commit_SinkThatRefuses_Throws_AndTheEventIsDeliveredLater()
    {
        _database.Sink.Refuses = true;
        await Assert.ThrowsAsync<EvidenceUnavailableException>(() => CommitAsync("a", TestDatabase.Event()));
        Assert.Equal(1, Waiting);
        _database.Sink.Refuses = false;
        using var afterRestart = _database.NewPump();
        Assert.Equal(1, await afterRestart.FlushAsync(CancellationToken.None));
        Assert.Single(_database.Sink.Events);
        Assert.Equal((0, 0), (Waiting, await afterRestart.FlushAsync(CancellationToken.None)));
    }

    [Fact]
    public async Task Flush_AnswerLostAfterTheAppend_OffersTheSameIdAgain()
    {
        _database.Sink.LosesTheAnswer = true;
        var told = TestDatabase.Event();
        await Assert.ThrowsAsync<EvidenceUnavailableException>(() => CommitAsync("a", told));
        _database.Sink.LosesTheAnswer = false;
        await _pump.FlushAsync(CancellationToken.None);
        Assert.Equal([told.Id, told.Id], _database.Sink.Appended);
        Assert.Single(_database.Sink.Events);
        Assert.Equal(0, Waiting);
    }

    [Fact]
    public async Task Commit_CallerThatHangsUp_DoesNotStopItsEvent()
    {
        using var hungUp = new CancellationTokenSource();
        await using var db = _database.Open(_pump);
        db.Items.Add(new Item { Id = "1", Name = "a" });
        db.SavedChanges += (_, _) => hungUp.Cancel();
        await db.CommitAsync(TestDatabase.Event(), hungUp.Token);
        Assert.Single(_database.Sink.Events);
    }

    [Fact]
    public async Task Waiting_Event_CannotBeReadInTheFile()
    {
        _database.Sink.Refuses = true;
        var told = TestDatabase.Event("A sentence that stands in no other place.");
        await Assert.ThrowsAsync<EvidenceUnavailableException>(() => CommitAsync("visible name", told));
        Assert.True(_database.FileHolds("visible name"u8), "The search finds nothing at all.");
        Assert.False(_database.FileHolds("Ada Lovelace"u8));
        Assert.False(_database.FileHolds("A sentence that stands"u8));
        Assert.False(_database.FileHolds("item.create"u8));
    }

    [Fact]
    public async Task Flush_OtherKeyOrMovedPayload_IsNotDelivered()
    {
        _database.Sink.Refuses = true;
        await Assert.ThrowsAsync<EvidenceUnavailableException>(() => CommitAsync("a", TestDatabase.Event()));
        _database.Sink.Refuses = false;
        using var other = new OutboxPump(_database.Options with { OutboxKey = new byte[32] }, _database.Sink);
        await Assert.ThrowsAnyAsync<System.Security.Cryptography.CryptographicException>(() => other.FlushAsync(CancellationToken.None));
        _database.Scalar($"UPDATE storage_outbox SET Id = '{Guid.CreateVersion7().ToString().ToUpperInvariant()}'");
        await Assert.ThrowsAnyAsync<System.Security.Cryptography.CryptographicException>(() => _pump.FlushAsync(CancellationToken.None));
        Assert.Empty(_database.Sink.Events);
    }

    [Fact]
    public async Task Commit_ManyAtOnce_DeliverEachEventExactlyOnce()
    {
        var all = Enumerable.Range(0, 40).Select(i => (Name: $"n{i}", Event: TestDatabase.Event())).ToList();
        await Task.WhenAll(all.Select(e => Task.Run(() => CommitAsync(e.Name, e.Event))).Append(Task.Run(() => _pump.FlushAsync(CancellationToken.None))));
        Assert.Equal(all.Select(e => e.Event.Id).Order(), _database.Sink.Appended.Order());
        Assert.Equal((0, 40), (Waiting, _database.Scalar("SELECT count(*) FROM thing_items")));
    }

    [Fact]
    public async Task Seal_FromManyThreads_EveryPayloadOpens()
    {
        var told = Enumerable.Range(0, 4000).Select(_ => TestDatabase.Event()).ToList();
        var entries = new OutboxEntry[told.Count];
        Parallel.For(0, told.Count, new ParallelOptions { MaxDegreeOfParallelism = 8 }, i => entries[i] = _pump.Seal(told[i]));
        await using (var db = _database.Open(_pump))
        {
            db.AddRange(entries);
            await db.SaveChangesAsync();
        }
        Assert.Equal(told.Count, await _pump.FlushAsync(CancellationToken.None));
        Assert.Equal(told.Select(e => e.Id).Order(), _database.Sink.Appended.Order());
    }

    public void Dispose()
    {
        _pump.Dispose();
        _database.Dispose();
    }
}
