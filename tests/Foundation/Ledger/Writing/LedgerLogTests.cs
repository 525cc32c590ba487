using System.Text.Json;

namespace Merlon.Ledger.Tests;

public sealed class LedgerLogTests : IDisposable
{
    private readonly TestLog _log = new();

    [Fact]
    public async Task AppendAsync_ThenReopen_EventsAreThereAndVerify()
    {
        var checkpoint = await _log.FillAsync(700);
        Assert.Equal(700, checkpoint.Size);
        await using (var again = await _log.OpenAsync())
        {
            Assert.Equal(700, again.Recovery.Size);
            Assert.Equal(0, again.Recovery.DroppedRecords);
            Assert.Equal(700, await again.AppendAsync(TestLog.Event(700), Durability.Disk, default));
        }
        var verification = _log.Verify();
        Assert.True(verification.IsValid, verification.Summary);
        Assert.Equal(701, verification.Size);
        Assert.Equal(701, verification.Bodies);
    }

    [Fact]
    public async Task AppendAsync_SameIdTwice_RecordsOnce()
    {
        var e = TestLog.Event(1);
        await using var log = await _log.OpenAsync();
        var both = await Task.WhenAll(log.AppendAsync(e, Durability.Disk, default).AsTask(), log.AppendAsync(e, Durability.PageCache, default).AsTask());
        Assert.Equal(both[0], both[1]);
        Assert.Equal(both[0], await log.AppendAsync(e, Durability.Disk, default));
        Assert.Equal(1, log.Size);
    }

    [Fact]
    public async Task AppendAsync_SameIdAfterReopen_RecordsOnce()
    {
        var e = TestLog.Event(1);
        await using (var log = await _log.OpenAsync())
            await log.AppendAsync(e, Durability.Disk, default);
        await using var again = await _log.OpenAsync();
        Assert.Equal(0, await again.AppendAsync(e, Durability.Disk, default));
        Assert.Equal(1, again.Size);
    }

    [Fact]
    public async Task Read_WithKeys_GivesOcsfBodyAndPersonalFields()
    {
        await using (var log = await _log.OpenAsync())
        {
            await log.AppendAsync(TestLog.Event(3) with
            {
                Personal = new PersonalFields("subject-1", _log.SubjectKey.PublicKey, [new("name", "Ada"), new("address", "192.0.2.7")]),
            }, Durability.Disk, default);
        }
        using var reader = LedgerReader.Open(_log.Directory, _log.Keys, _log.Key);
        var entry = Assert.Single(reader.Tail(10));
        Assert.Equal(BodyState.Open, entry.State);
        Assert.Equal("Ada", entry.PersonalFields["name"]);
        using var json = JsonDocument.Parse(entry.Body);
        Assert.Equal(600301, json.RootElement.GetProperty("type_uid").GetInt64());
        Assert.DoesNotContain("Ada", System.Text.Encoding.UTF8.GetString(entry.Body.Span), StringComparison.Ordinal);
        using var blind = LedgerReader.Open(_log.Directory);
        Assert.Equal(BodyState.Sealed, Assert.Single(blind.Tail(1)).State);
    }

    [Fact]
    public async Task OpenAsync_SecondWriter_IsRefused()
    {
        await using var log = await _log.OpenAsync();
        await Assert.ThrowsAsync<IOException>(_log.OpenAsync);
    }

    public void Dispose() => _log.Dispose();
}
