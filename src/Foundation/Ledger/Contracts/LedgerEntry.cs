namespace Merlon.Ledger;

/// <summary>What could be read of an event body.</summary>
public enum BodyState
{
    /// <summary>Decrypted, and it is what the leaf commits to.</summary>
    Open,

    /// <summary>There, but no key of the organisation was given.</summary>
    Sealed,

    /// <summary>The organisation's key was destroyed: nobody can read it again.</summary>
    Erased,

    /// <summary>Removed by retention; a marker says so.</summary>
    Pruned,

    /// <summary>Not there, and nothing says why.</summary>
    Missing,

    /// <summary>There, but not what the leaf commits to, or it does not decrypt.</summary>
    Damaged,
}

/// <summary>What could be read of an event's personal fields.</summary>
public enum PersonalState
{
    /// <summary>The event has none (or its body was not read).</summary>
    None,
    Open,

    /// <summary>There, but no key of the subject was given.</summary>
    Sealed,

    /// <summary>The subject's key was destroyed: nobody can read them again.</summary>
    Erased,
    Damaged,
}

/// <summary>One event as it stands in the log. The leaf's facts are always there; the body only as far as keys allow.</summary>
public sealed record LedgerEntry
{
    public required long Index { get; init; }
    public required DateTimeOffset Time { get; init; }
    public required OcsfClass Class { get; init; }
    public required int Activity { get; init; }
    public required Guid Organisation { get; init; }
    public required Digest LeafHash { get; init; }
    public required BodyState State { get; init; }

    /// <summary>The OCSF JSON, UTF-8; empty unless <see cref="State"/> is open.</summary>
    public ReadOnlyMemory<byte> Body { get; init; }

    /// <summary>The salt of the body hash: whoever is given salt and body can check them against the leaf.</summary>
    public ReadOnlyMemory<byte> Salt { get; init; }
    public PersonalState Personal { get; init; }

    /// <summary>The pseudonymous id of the person that the personal fields are about.</summary>
    public string? Subject { get; init; }

    /// <summary>Empty unless <see cref="Personal"/> is open.</summary>
    public IReadOnlyDictionary<string, string> PersonalFields { get; init; } = new Dictionary<string, string>();
}

/// <summary>A private key for reading, or the reason why there is none.</summary>
/// <param name="PrivateKey">PKCS#8; empty when there is none.</param>
/// <param name="WasErased">The key existed and was destroyed.</param>
public readonly record struct ReadingKey(ReadOnlyMemory<byte> PrivateKey, bool WasErased)
{
    /// <summary>Not available to this reader.</summary>
    public static readonly ReadingKey None;

    /// <summary>Destroyed for good.</summary>
    public static readonly ReadingKey Erased = new(default, true);
}

/// <summary>Where a reader gets private keys from; each is asked once per reader and key.</summary>
public sealed record LedgerKeys
{
    /// <summary>The private event key of an organisation.</summary>
    public required Func<Guid, ReadingKey> Organisation { get; init; }

    /// <summary>The private key of a subject, by organisation and pseudonymous id.</summary>
    public Func<Guid, string, ReadingKey> Subject { get; init; } = static (_, _) => ReadingKey.None;
}
