using System.Collections.Concurrent;

namespace Merlon.Keys.Tests;

public sealed class KeyringTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("merlon-keys-").FullName;
    private readonly MemoryKeyStore _store = new();
    private readonly RootKey _root;
    private readonly Keyring _ring;

    public KeyringTests()
    {
        _root = RootKey.CreateFile(Path.Combine(_directory, "root.key")).Value;
        _ring = new Keyring(_root, _store, TimeProvider.System);
    }

    [Fact]
    public async Task RotateTenantKey_DataKeysStillUnwrap_AndOldTenantKeyIsGone()
    {
        var id = await _ring.CreateObjectKeyAsync(Scope.Default);
        var (key, wrapped) = (await _ring.CreateDataKeyAsync(id, "blob")).Value;
        var seed = await _ring.SigningSeedAsync(Scope.Default, "ledger");
        var before = _store.Keys.Values.Single(k => k.Kind == KeyKind.Tenant);
        Assert.Equal(2, await _ring.RotateTenantKeyAsync(Scope.Default));
        Assert.Equal(key, (await _ring.UnwrapDataKeyAsync(id, "blob", wrapped)).Value);
        Assert.Equal(seed, await _ring.SigningSeedAsync(Scope.Default, "ledger"));
        // Putting the old tenant key back does not bring anything back.
        _store.Keys[before.Id] = before;
        await Assert.ThrowsAsync<InvalidDataException>(() => _ring.UnwrapDataKeyAsync(id, "blob", wrapped));
    }

    [Fact]
    public async Task ShredObjectKey_DataKeyIsLost_AndTombstoneStays()
    {
        var id = await _ring.CreateObjectKeyAsync(Scope.Default);
        var (_, wrapped) = (await _ring.CreateDataKeyAsync(id, "blob")).Value;
        Assert.False((await _ring.ShredObjectKeyAsync(id)).IsRefused);
        Assert.Equal("key.shredded", (await _ring.UnwrapDataKeyAsync(id, "blob", wrapped)).Refusal.Code);
        Assert.NotNull(_store.Keys[id].ShreddedAt);
        Assert.True(_store.Keys[id].Wrapped.IsEmpty);
        await _ring.RotateTenantKeyAsync(Scope.Default);
        Assert.Equal("key.shredded", (await _ring.UnwrapDataKeyAsync(id, "blob", wrapped)).Refusal.Code);
    }

    [Fact]
    public async Task Unwrap_WrappedKeyMovedToAnotherIdOrContext_IsRefused()
    {
        var (a, b) = (await _ring.CreateObjectKeyAsync(Scope.Default), await _ring.CreateObjectKeyAsync(Scope.Default));
        var (_, wrapped) = (await _ring.CreateDataKeyAsync(a, "blob")).Value;
        await Assert.ThrowsAsync<InvalidDataException>(() => _ring.UnwrapDataKeyAsync(b, "blob", wrapped));
        await Assert.ThrowsAsync<InvalidDataException>(() => _ring.UnwrapDataKeyAsync(a, "other", wrapped));
        _store.Keys[b] = _store.Keys[b] with { Wrapped = _store.Keys[a].Wrapped };
        await Assert.ThrowsAsync<InvalidDataException>(() => _ring.CreateDataKeyAsync(b, "blob"));
    }

    [Fact]
    public async Task NamedKeys_CreatedAtOnce_AreOneKey()
    {
        var keys = await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => Task.Run(async () => (await _ring.PrivateKeyAsync(Scope.Default, "subject:1")).Value)));
        Assert.All(keys, key => Assert.Equal(keys[0], key));
        using var pair = P256KeyPair.FromPrivateKey(keys[0]);
        Assert.Equal(pair.PublicKey.ToArray(), (await _ring.PublicKeyAsync(Scope.Default, KeyKind.P256, "subject:1")).Value.ToArray());
        await _ring.ShredNamedKeyAsync(Scope.Default, KeyKind.P256, "subject:1");
        Assert.True((await _ring.PrivateKeyAsync(Scope.Default, "subject:1")).IsRefused);
        Assert.True((await _ring.PublicKeyAsync(Scope.Default, KeyKind.P256, "subject:1")).IsRefused);
    }

    [Fact]
    public async Task OtherRootKey_OpensNothing()
    {
        var id = await _ring.CreateObjectKeyAsync(Scope.Default);
        using var other = RootKey.CreateFile(Path.Combine(_directory, "other.key")).Value;
        using var ring = new Keyring(other, _store, TimeProvider.System);
        await Assert.ThrowsAsync<InvalidDataException>(() => ring.CreateDataKeyAsync(id, "blob"));
    }

    [Fact]
    public void RootKeyFile_PermissionsOverwriteAndContent_AreChecked()
    {
        var path = Path.Combine(_directory, "root.key");
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path));
        using (var loaded = RootKey.LoadFile(path).Value)
            Assert.Equal(_root.Derive("x"), loaded.Derive("x"));
        Assert.NotEqual(_root.Derive("x"), _root.Derive("y"));
        Assert.Equal("rootkey.exists", RootKey.CreateFile(path).Refusal.Code);
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.GroupRead);
        Assert.Equal("rootkey.permissions", RootKey.LoadFile(path).Refusal.Code);
        var broken = Path.Combine(_directory, "broken.key");
        foreach (var content in new[] { "", "short", new string('A', 43), new string('A', 200) })
        {
            File.WriteAllText(broken, content);
            File.SetUnixFileMode(broken, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            Assert.Equal("rootkey.malformed", RootKey.LoadFile(broken).Refusal.Code);
        }
        Assert.Equal("rootkey.missing", RootKey.LoadFile(path + "x").Refusal.Code);
        Assert.True(RootKey.FromPassphrase("correct horse battery", new byte[16], 209_999).IsRefused);
        using var first = RootKey.FromPassphrase("correct horse battery", new byte[16]).Value;
        using var second = RootKey.FromPassphrase("correct horse battery", new byte[16]).Value;
        Assert.Equal(first.Derive("x"), second.Derive("x"));
        second.Dispose();
        Assert.Throws<ObjectDisposedException>(() => second.Derive("x"));
        Assert.DoesNotContain(Convert.ToBase64String(first.Derive("x")), first.ToString(), StringComparison.Ordinal);
    }

    public void Dispose()
    {
        _ring.Dispose();
        _root.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    private sealed class MemoryKeyStore : IKeyStore
    {
        internal ConcurrentDictionary<string, StoredKey> Keys { get; } = new(StringComparer.Ordinal);

        public ValueTask<StoredKey?> FindAsync(string id, CancellationToken cancellationToken) => new(Keys.GetValueOrDefault(id));
        public ValueTask<bool> TryAddAsync(StoredKey key, CancellationToken cancellationToken) => new(Keys.TryAdd(key.Id, key));

        public ValueTask ReplaceAsync(IReadOnlyList<StoredKey> keys, CancellationToken cancellationToken)
        {
            foreach (var key in keys)
                Keys[key.Id] = key;
            return default;
        }

        public ValueTask<IReadOnlyList<StoredKey>> ChildrenAsync(string parentId, CancellationToken cancellationToken) =>
            new(Keys.Values.Where(k => k.ParentId == parentId).ToList());
    }
}
