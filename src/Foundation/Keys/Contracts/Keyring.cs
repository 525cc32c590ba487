using System.Security.Cryptography;

namespace Merlon.Keys;

/// <summary>
/// The hierarchy root → tenant → object → data, and named keys beside the objects. Everything below the root is stored wrapped; nothing is kept in
/// memory. Safe for concurrent use in one process, which is the one that owns the store.
/// </summary>
public sealed class Keyring(RootKey root, IKeyStore store, TimeProvider time) : IDisposable
{
    // Rotation re-wraps all children: a key created in between would be left under the old tenant key.
    private readonly SemaphoreSlim _changes = new(1, 1);

    /// <summary>A new object key for one blob, wrapped by the scope's tenant key. Returns its id, which is also the slot id of the sealed message.</summary>
    public Task<string> CreateObjectKeyAsync(Scope scope, CancellationToken cancellationToken = default) =>
        AddAsync(scope, KeyKind.Object, $"object:{Guid.CreateVersion7(time.GetUtcNow()):D}", RandomNumberGenerator.GetBytes(RootKey.Size), default, cancellationToken);

    /// <summary>A new data key under an object key: the key itself (the caller clears it) and its wrapped form to store beside the blob.</summary>
    public async Task<Result<(byte[] Key, byte[] Wrapped)>> CreateDataKeyAsync(string objectKeyId, string context, CancellationToken cancellationToken = default)
    {
        if (!(await OpenAsync(objectKeyId, KeyKind.Object, cancellationToken)).Try(out var objectKey, out var refusal))
            return refusal;
        var key = RandomNumberGenerator.GetBytes(RootKey.Size);
        var wrapped = KeyWrap.Wrap(objectKey, key, DataBinding(objectKeyId, context));
        CryptographicOperations.ZeroMemory(objectKey);
        return (key, wrapped);
    }

    /// <summary>The data key of a wrapped form; refused when the object key was shredded.</summary>
    /// <exception cref="InvalidDataException">The wrapped form was changed or belongs to another object or context.</exception>
    public async Task<Result<byte[]>> UnwrapDataKeyAsync(string objectKeyId, string context, ReadOnlyMemory<byte> wrapped, CancellationToken cancellationToken = default)
    {
        if (!(await OpenAsync(objectKeyId, KeyKind.Object, cancellationToken)).Try(out var objectKey, out var refusal))
            return refusal;
        try
        {
            return KeyWrap.Unwrap(objectKey, wrapped.Span, DataBinding(objectKeyId, context));
        }
        finally
        {
            CryptographicOperations.ZeroMemory(objectKey);
        }
    }

    /// <summary>The Ed25519 seed of this name in the scope; made on first use. The caller clears it.</summary>
    public async Task<byte[]> SigningSeedAsync(Scope scope, string name, CancellationToken cancellationToken = default) =>
        (await NamedAsync(scope, KeyKind.Ed25519, name, cancellationToken)).Value;

    /// <summary>The P-256 private key (PKCS#8) of this name in the scope, made on first use; refused when it was shredded.</summary>
    public Task<Result<byte[]>> PrivateKeyAsync(Scope scope, string name, CancellationToken cancellationToken = default) =>
        NamedAsync(scope, KeyKind.P256, name, cancellationToken);

    /// <summary>The public half of a named key, made on first use: SPKI for P-256, 32 bytes for Ed25519. Unwraps nothing when it exists; refused when it was shredded.</summary>
    public async Task<Result<ReadOnlyMemory<byte>>> PublicKeyAsync(Scope scope, KeyKind kind, string name, CancellationToken cancellationToken = default)
    {
        var id = NamedId(scope, kind, name);
        if (await store.FindAsync(id, cancellationToken) is null)
            (await NamedAsync(scope, kind, name, cancellationToken)).Try(out _, out _);
        var stored = await store.FindAsync(id, cancellationToken) ?? throw new InvalidDataException($"The key '{id}' was added and is not there.");
        return stored.ShreddedAt is null ? stored.PublicKey : Shredded(id);
    }

    /// <summary>Whether a named key is kept, shredded or not. Makes nothing.</summary>
    public async Task<bool> ExistsAsync(Scope scope, KeyKind kind, string name, CancellationToken cancellationToken = default) =>
        await store.FindAsync(NamedId(scope, kind, name), cancellationToken) is not null;

    /// <summary>Stores a private key made elsewhere (a certificate's) under a name; refused when the name is taken.</summary>
    public async Task<Result<Unit>> ImportPrivateKeyAsync(Scope scope, string name, ReadOnlyMemory<byte> pkcs8, CancellationToken cancellationToken = default)
    {
        using var pair = P256KeyPair.FromPrivateKey(pkcs8.Span);
        var id = NamedId(scope, KeyKind.P256, name);
        if (await store.FindAsync(id, cancellationToken) is not null)
            return new Refusal(RefusalKind.Conflict, "key.exists", $"The key '{name}' exists already.");
        await AddAsync(scope, KeyKind.P256, id, pkcs8.ToArray(), pair.PublicKey, cancellationToken);
        return Unit.Value;
    }

    /// <summary>Gives the scope a new tenant key and wraps all keys below with it, in one transaction. Blobs are untouched. Returns how many keys were wrapped anew.</summary>
    public async Task<int> RotateTenantKeyAsync(Scope scope, CancellationToken cancellationToken = default)
    {
        await _changes.WaitAsync(cancellationToken);
        try
        {
            var tenant = await TenantAsync(scope, cancellationToken);
            var oldKey = OpenTenant(tenant);
            var newKey = RandomNumberGenerator.GetBytes(RootKey.Size);
            var replaced = new List<StoredKey> { WrapTenant(tenant with { Version = tenant.Version + 1, CreatedAt = time.GetUtcNow() }, newKey) };
            foreach (var child in await store.ChildrenAsync(tenant.Id, cancellationToken))
            {
                if (child.ShreddedAt is not null)
                    continue;
                var key = KeyWrap.Unwrap(oldKey, child.Wrapped.Span, KeyWrap.Binding(child));
                replaced.Add(child with { Wrapped = KeyWrap.Wrap(newKey, key, KeyWrap.Binding(child)) });
                CryptographicOperations.ZeroMemory(key);
            }
            await store.ReplaceAsync(replaced, cancellationToken);
            CryptographicOperations.ZeroMemory(oldKey);
            CryptographicOperations.ZeroMemory(newKey);
            return replaced.Count - 1;
        }
        finally
        {
            _changes.Release();
        }
    }

    /// <summary>Destroys an object key for good. The entry stays and says so; repeating changes nothing.</summary>
    public Task<Result<Unit>> ShredObjectKeyAsync(string objectKeyId, CancellationToken cancellationToken = default) => ShredAsync(objectKeyId, cancellationToken);

    /// <summary>Destroys a named key for good (erasure of a subject).</summary>
    public Task<Result<Unit>> ShredNamedKeyAsync(Scope scope, KeyKind kind, string name, CancellationToken cancellationToken = default) =>
        ShredAsync(NamedId(scope, kind, name), cancellationToken);

    private async Task<Result<Unit>> ShredAsync(string id, CancellationToken cancellationToken)
    {
        await _changes.WaitAsync(cancellationToken);
        try
        {
            if (await store.FindAsync(id, cancellationToken) is not { } stored || stored.Kind == KeyKind.Tenant)
                return new Refusal(RefusalKind.NotFound, "key.unknown", $"There is no key '{Text.Printable(id, 120)}' to destroy.");
            if (stored.ShreddedAt is null)
                await store.ReplaceAsync([stored with { Wrapped = default, ShreddedAt = time.GetUtcNow() }], cancellationToken);
            return Unit.Value;
        }
        finally
        {
            _changes.Release();
        }
    }

    private async Task<Result<byte[]>> NamedAsync(Scope scope, KeyKind kind, string name, CancellationToken cancellationToken)
    {
        var id = NamedId(scope, kind, name);
        if (await store.FindAsync(id, cancellationToken) is null)
        {
            if (kind == KeyKind.Ed25519)
            {
                var seed = Ed25519.GenerateSeed();
                await AddAsync(scope, kind, id, seed, Ed25519.PublicKey(seed), cancellationToken);
            }
            else
            {
                using var pair = P256KeyPair.Generate();
                await AddAsync(scope, kind, id, pair.PrivateKey.ToArray(), pair.PublicKey, cancellationToken);
            }
        }
        // Read back in any case: of two who create at once, both get the one that was stored.
        return await OpenAsync(id, kind, cancellationToken);
    }

    private async Task<string> AddAsync(Scope scope, KeyKind kind, string id, byte[] key, ReadOnlyMemory<byte> publicKey, CancellationToken cancellationToken)
    {
        await _changes.WaitAsync(cancellationToken);
        try
        {
            var tenant = await TenantAsync(scope, cancellationToken);
            var tenantKey = OpenTenant(tenant);
            var stored = new StoredKey
            {
                Id = id, Kind = kind, Scope = scope, ParentId = tenant.Id, Version = 1, PublicKey = publicKey, Wrapped = default, CreatedAt = time.GetUtcNow(),
            };
            await store.TryAddAsync(stored with { Wrapped = KeyWrap.Wrap(tenantKey, key, KeyWrap.Binding(stored)) }, cancellationToken);
            CryptographicOperations.ZeroMemory(tenantKey);
            return id;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(key);
            _changes.Release();
        }
    }

    private async Task<Result<byte[]>> OpenAsync(string id, KeyKind kind, CancellationToken cancellationToken)
    {
        // Tenant and child are read one after the other; a rotation in between would not fit together.
        await _changes.WaitAsync(cancellationToken);
        try
        {
            if (await store.FindAsync(id, cancellationToken) is not { } stored || stored.Kind != kind)
                return new Refusal(RefusalKind.NotFound, "key.unknown", $"There is no {kind} key '{Text.Printable(id, 120)}'.");
            if (stored.ShreddedAt is not null)
                return Shredded(id);
            var tenantKey = OpenTenant(await TenantAsync(stored.Scope, cancellationToken));
            try
            {
                return KeyWrap.Unwrap(tenantKey, stored.Wrapped.Span, KeyWrap.Binding(stored));
            }
            finally
            {
                CryptographicOperations.ZeroMemory(tenantKey);
            }
        }
        finally
        {
            _changes.Release();
        }
    }

    private async Task<StoredKey> TenantAsync(Scope scope, CancellationToken cancellationToken)
    {
        var id = $"tenant:{scope.Organisation:D}:{scope.Project:D}";
        if (await store.FindAsync(id, cancellationToken) is { } existing)
            return existing;
        var key = RandomNumberGenerator.GetBytes(RootKey.Size);
        var added = WrapTenant(new StoredKey
        {
            Id = id, Kind = KeyKind.Tenant, Scope = scope, ParentId = "", Version = 1, Wrapped = default, CreatedAt = time.GetUtcNow(),
        }, key);
        CryptographicOperations.ZeroMemory(key);
        return await store.TryAddAsync(added, cancellationToken)
            ? added
            : await store.FindAsync(id, cancellationToken) ?? throw new InvalidDataException($"The key '{id}' was added and is not there.");
    }

    private StoredKey WrapTenant(StoredKey tenant, byte[] key)
    {
        var wrapping = root.Derive("keyring tenant keys v1");
        tenant = tenant with { Wrapped = KeyWrap.Wrap(wrapping, key, KeyWrap.Binding(tenant)) };
        CryptographicOperations.ZeroMemory(wrapping);
        return tenant;
    }

    private byte[] OpenTenant(StoredKey tenant)
    {
        var wrapping = root.Derive("keyring tenant keys v1");
        try
        {
            return KeyWrap.Unwrap(wrapping, tenant.Wrapped.Span, KeyWrap.Binding(tenant));
        }
        finally
        {
            CryptographicOperations.ZeroMemory(wrapping);
        }
    }

    private static Refusal Shredded(string id) => new(RefusalKind.NotFound, "key.shredded", $"The key '{id}' was destroyed; what it sealed cannot be read again.");

    private static string NamedId(Scope scope, KeyKind kind, string name) => kind is KeyKind.Ed25519 or KeyKind.P256 && name.Length is > 0 and <= 200 && !name.Contains('\n', StringComparison.Ordinal)
        ? $"named:{scope.Organisation:D}:{scope.Project:D}:{(int)kind}:{name}"
        : throw new ArgumentException("A named key is an Ed25519 or P-256 key with a name of 1 to 200 characters.", nameof(name));

    private static string DataBinding(string objectKeyId, string context) => $"merlon data key v1\n{objectKeyId}\n{context}";

    public void Dispose() => _changes.Dispose();
}
