namespace Merlon.Kernel;

/// <summary>
/// One thing that happened. Immutable; written to the ledger in the OCSF schema.
/// Carries pseudonymous ids only: what names a person stands in <see cref="Personal"/> and is sealed under that subject's key.
/// </summary>
public sealed record SecurityEvent
{
    /// <summary>UUIDv7. Appending the same id twice records it once.</summary>
    public required Guid Id { get; init; }
    public required DateTimeOffset Time { get; init; }
    public required OcsfClass Class { get; init; }

    /// <summary>OCSF activity_id of the class (for API Activity: 1 create, 2 read, 3 update, 4 delete, 99 other).</summary>
    public required int Activity { get; init; }

    /// <summary>What was attempted, as <c>noun.verb</c>: <c>model.push</c>, <c>inference</c>.</summary>
    public required string Operation { get; init; }
    public EventStatus Status { get; init; } = EventStatus.Success;
    public EventSeverity Severity { get; init; } = EventSeverity.Informational;
    public Scope Scope { get; init; } = Scope.Default;

    /// <summary>The pseudonymous id of who did it: a principal, an API key id, or <c>system:role</c>.</summary>
    public required string Actor { get; init; }

    /// <summary>The role of the program that saw it: control, gateway or node.</summary>
    public required string Service { get; init; }
    public EventResource? Resource { get; init; }

    /// <summary>One sentence for people. No personal data, no secrets.</summary>
    public string? Message { get; init; }

    /// <summary>Machine-readable reason of a refusal, as in <see cref="Refusal.Code"/>.</summary>
    public string? StatusCode { get; init; }

    /// <summary>Time the operation took; null when it has no duration.</summary>
    public TimeSpan? Duration { get; init; }

    /// <summary>Further facts, flat. Names are snake_case and stable.</summary>
    public IReadOnlyList<EventAttribute> Attributes { get; init; } = [];

    /// <summary>Personal fields (names, addresses, source networks), sealed under the subject's key.</summary>
    public PersonalFields? Personal { get; init; }
}

/// <summary>What the event is about.</summary>
public sealed record EventResource(string Type, string Name, Digest? Digest = null);

/// <summary>One fact: text, or a number when <see cref="Text"/> is null.</summary>
public readonly record struct EventAttribute(string Name, string? Text, double Number = 0)
{
    public static implicit operator EventAttribute((string Name, string? Text) pair) => new(pair.Name, pair.Text ?? "");
    public static implicit operator EventAttribute((string Name, double Number) pair) => new(pair.Name, null, pair.Number);
}

/// <summary>Fields about one person or one network, readable only while the subject's key exists.</summary>
/// <param name="Subject">The pseudonymous subject id whose key seals the fields.</param>
/// <param name="PublicKey">The subject's P-256 public key (SPKI), with which anyone may seal and nobody may open.</param>
/// <param name="Fields">Name and value pairs.</param>
public sealed record PersonalFields(string Subject, ReadOnlyMemory<byte> PublicKey, IReadOnlyList<KeyValuePair<string, string>> Fields);
