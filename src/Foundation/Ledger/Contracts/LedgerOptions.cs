namespace Merlon.Ledger;

/// <summary>How one log is opened. Each process that decides has its own log, origin and key.</summary>
public sealed record LedgerOptions
{
    /// <summary>The directory of this log alone; made when missing.</summary>
    public required string Directory { get; init; }

    /// <summary>The log's name in its checkpoints, such as <c>merlon.local/7f3a/gateway</c>: without spaces and '+'.</summary>
    public required string Origin { get; init; }

    /// <summary>The log's Ed25519 seed, 32 bytes. Copied.</summary>
    public required ReadOnlyMemory<byte> SigningSeed { get; init; }

    /// <summary>The P-256 public event key (SPKI) of an organisation. Called once a segment; throwing or empty means its events cannot be recorded.</summary>
    public required Func<Guid, ReadOnlyMemory<byte>> EventKeys { get; init; }

    /// <summary>The role of the program, for the events that the log itself records.</summary>
    public required string Service { get; init; }

    /// <summary>Where copies of each new checkpoint go: <c>file:</c> addresses (on another mount; all of them
    /// are kept beside it in <c>.history</c>) and <c>http(s):</c> addresses (POST).</summary>
    public IReadOnlyList<Uri> CheckpointSinks { get; init; } = [];

    /// <summary>Told in one sentence when a checkpoint could not be copied outside, or contradicts what is kept there; once for each new reason.</summary>
    public Action<string>? Report { get; init; }

    /// <summary>How often a checkpoint is published while events come in.</summary>
    public TimeSpan CheckpointInterval { get; init; } = TimeSpan.FromSeconds(1);
}

/// <summary>What opening found and did.</summary>
/// <param name="Size">Events in the log after opening.</param>
/// <param name="CheckpointSize">Events that the last published checkpoint covers; these were checked to be there.</param>
/// <param name="Replayed">Records of the write-ahead log that were read again.</param>
/// <param name="DroppedRecords">Records after the last checkpoint that were torn or had no body: written in a crash and never acknowledged as on disk.</param>
/// <param name="DroppedBodyBytes">Bytes cut from body segments because no record refers to them.</param>
/// <param name="Summary">One sentence for the log.</param>
public sealed record RecoveryReport(long Size, long CheckpointSize, long Replayed, long DroppedRecords, long DroppedBodyBytes, string Summary);
