namespace Merlon.Keys;

/// <summary>What a stored key is for. The numbers are stored.</summary>
public enum KeyKind
{
    /// <summary>One per scope; wrapped by the root key. Wraps everything below.</summary>
    Tenant = 1,

    /// <summary>One per blob; wraps its data key. Shredding it makes the blob unreadable for good.</summary>
    Object = 2,

    /// <summary>An Ed25519 seed (32 bytes).</summary>
    Ed25519 = 3,

    /// <summary>A P-256 private key (PKCS#8): event keys, subject keys, certificates.</summary>
    P256 = 4,
}

/// <summary>A wrapped key as it is stored. Useless without the keys above it.</summary>
public sealed record StoredKey
{
    public required string Id { get; init; }
    public required KeyKind Kind { get; init; }
    public required Scope Scope { get; init; }

    /// <summary>The key that wraps this one; empty for a tenant key, which the root key wraps.</summary>
    public required string ParentId { get; init; }

    /// <summary>Rises when the key itself is replaced; 1 at first.</summary>
    public required int Version { get; init; }

    /// <summary>Empty once the key was shredded.</summary>
    public required ReadOnlyMemory<byte> Wrapped { get; init; }

    /// <summary>The public half of a key pair: SPKI for P-256, 32 bytes for Ed25519; empty otherwise.</summary>
    public ReadOnlyMemory<byte> PublicKey { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public DateTimeOffset? ShreddedAt { get; init; }
}

/// <summary>Where wrapped keys are kept.</summary>
public interface IKeyStore
{
    ValueTask<StoredKey?> FindAsync(string id, CancellationToken cancellationToken);

    /// <summary>Adds the key; false when the id exists, and then nothing changed.</summary>
    ValueTask<bool> TryAddAsync(StoredKey key, CancellationToken cancellationToken);

    /// <summary>Replaces all of these keys in one transaction, durably.</summary>
    ValueTask ReplaceAsync(IReadOnlyList<StoredKey> keys, CancellationToken cancellationToken);

    /// <summary>All keys whose parent is <paramref name="parentId"/>, shredded ones included.</summary>
    ValueTask<IReadOnlyList<StoredKey>> ChildrenAsync(string parentId, CancellationToken cancellationToken);
}
