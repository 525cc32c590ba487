using Merlon.Kernel;
using Merlon.Keys;

namespace Merlon.Storage.Tests.Keys;

public sealed class SqliteKeyStoreTests : IDisposable
{
    private readonly TestDatabase _database = new();
    private readonly IKeyStore _store;

    public SqliteKeyStoreTests() => _store = StorageModule.OpenKeyStore(_database.Options);

    private static StoredKey Key(string id, string parent = "tenant", int version = 1) => new()
    {
        Id = id,
        Kind = KeyKind.P256,
        Scope = Scope.Default,
        ParentId = parent,
        Version = version,
        Wrapped = "wrapped secret"u8.ToArray(),
        PublicKey = new byte[] { 4, 5 },
        CreatedAt = DateTimeOffset.FromUnixTimeMilliseconds(1_700_000_000_123),
    };

    private async Task<StoredKey> FindAsync(string id) => (await _store.FindAsync(id, CancellationToken.None))!;

    [Fact]
    public async Task Add_ThenFind_KeepsEveryField()
    {
        var key = Key("k") with { ShreddedAt = DateTimeOffset.FromUnixTimeMilliseconds(1_700_000_000_456) };
        Assert.True(await _store.TryAddAsync(key, CancellationToken.None));
        var found = await FindAsync("k");
        Assert.Equal(key with { Wrapped = default, PublicKey = default }, found with { Wrapped = default, PublicKey = default });
        Assert.Equal(key.Wrapped.ToArray(), found.Wrapped.ToArray());
        Assert.Equal(key.PublicKey.ToArray(), found.PublicKey.ToArray());
        Assert.Null(await _store.FindAsync("other", CancellationToken.None));
    }

    [Fact]
    public async Task Add_IdThatExists_IsFalse_AndChangesNothing()
    {
        Assert.True(await _store.TryAddAsync(Key("k"), CancellationToken.None));
        Assert.False(await _store.TryAddAsync(Key("k", version: 2), CancellationToken.None));
        Assert.Equal(1, (await FindAsync("k")).Version);
    }

    [Fact]
    public async Task Add_TheSameIdAtOnce_OneWins()
    {
        var added = await Task.WhenAll(Enumerable.Range(1, 16).Select(i => Task.Run(async () => await _store.TryAddAsync(Key("k", version: i), CancellationToken.None))));
        Assert.Single(added, won => won);
    }

    [Fact]
    public async Task Children_OfAParent_AreAllOfThem_ShreddedOnesIncluded()
    {
        await _store.TryAddAsync(Key("a"), CancellationToken.None);
        await _store.TryAddAsync(Key("b") with { ShreddedAt = DateTimeOffset.UnixEpoch }, CancellationToken.None);
        await _store.TryAddAsync(Key("c", parent: "other"), CancellationToken.None);
        Assert.Equal(["a", "b"], (await _store.ChildrenAsync("tenant", CancellationToken.None)).Select(k => k.Id).Order());
    }

    [Fact]
    public async Task Replace_Many_IsAllOrNothing()
    {
        await _store.TryAddAsync(Key("a"), CancellationToken.None);
        await Assert.ThrowsAnyAsync<Exception>(async () => await _store.ReplaceAsync([Key("a", version: 2), Key(null!, version: 2)], CancellationToken.None));
        Assert.Equal(1, (await FindAsync("a")).Version);
        await _store.ReplaceAsync([Key("a", version: 2), Key("b")], CancellationToken.None);
        Assert.Equal((2, 1), ((await FindAsync("a")).Version, (await FindAsync("b")).Version));
    }

    [Fact]
    public async Task Replace_ByAShreddedKey_LeavesNothingOfItInTheFile()
    {
        await _store.TryAddAsync(Key("k"), CancellationToken.None);
        Assert.True(_database.FileHolds("wrapped secret"u8), "The search finds nothing at all.");
        await _store.ReplaceAsync([Key("k") with { Wrapped = default, ShreddedAt = DateTimeOffset.UnixEpoch }], CancellationToken.None);
        Assert.False(_database.FileHolds("wrapped secret"u8));
    }

    /// <summary>The keyring on this store: rotation, shredding and a restart.</summary>
    [Fact]
    public async Task Keyring_OnThisStore_RotatesShredsAndOpensAgain()
    {
        using var root = RootKey.FromBytes([.. Enumerable.Repeat((byte)9, RootKey.Size)]);
        string kept, gone;
        byte[] key, wrapped, lost;
        using (var ring = new Keyring(root, _store, TimeProvider.System))
        {
            (kept, gone) = (await ring.CreateObjectKeyAsync(Scope.Default), await ring.CreateObjectKeyAsync(Scope.Default));
            (key, wrapped) = (await ring.CreateDataKeyAsync(kept, "blob")).Value;
            (_, lost) = (await ring.CreateDataKeyAsync(gone, "blob")).Value;
            await ring.RotateTenantKeyAsync(Scope.Default);
            Assert.False((await ring.ShredObjectKeyAsync(gone)).IsRefused);
        }
        using var again = new Keyring(root, StorageModule.OpenKeyStore(_database.Options), TimeProvider.System);
        Assert.Equal(key, (await again.UnwrapDataKeyAsync(kept, "blob", wrapped)).Value);
        Assert.Equal("key.shredded", (await again.UnwrapDataKeyAsync(gone, "blob", lost)).Refusal.Code);
    }

    public void Dispose() => _database.Dispose();
}
