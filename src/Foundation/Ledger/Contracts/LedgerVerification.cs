using System.Globalization;

namespace Merlon.Ledger;

/// <summary>What is wrong with a log.</summary>
public enum LedgerFault
{
    /// <summary>The checkpoint is missing, malformed or not signed by the log's key.</summary>
    Checkpoint,

    /// <summary>An event was changed, removed, moved or added.</summary>
    Event,

    /// <summary>A stored tile disagrees with the events, which themselves are right.</summary>
    Tile,

    /// <summary>An event's body was changed.</summary>
    Body,

    /// <summary>An event's body is gone and no pruning was recorded.</summary>
    MissingBody,

    /// <summary>An older checkpoint of the log itself does not fit: the log was rewritten or rolled back.</summary>
    History,

    /// <summary>A checkpoint that was kept outside does not fit: the log was rewritten or cut short.</summary>
    OutsideCheckpoint,
}

/// <summary>One thing that is wrong, with the events it concerns (both ends included; -1 when it concerns none in particular).</summary>
public sealed record LedgerFailure(LedgerFault Fault, long First, long Last, string Message);

/// <summary>The outcome of checking a whole log offline.</summary>
public sealed record LedgerVerification
{
    public required string Origin { get; init; }

    /// <summary>Events under the checkpoint.</summary>
    public required long Size { get; init; }
    public Digest Root { get; init; }

    /// <summary>Ordered by the first event concerned; at most 100, the rest are counted in the last message.</summary>
    public required IReadOnlyList<LedgerFailure> Failures { get; init; }

    /// <summary>Bodies whose stored bytes are what the leaves commit to.</summary>
    public long Bodies { get; init; }

    /// <summary>Bodies that retention removed, with a recorded event.</summary>
    public long PrunedBodies { get; init; }

    /// <summary>Bodies that were also decrypted and compared with the salted hash; 0 without keys.</summary>
    public long OpenedBodies { get; init; }

    /// <summary>Older checkpoints, of the log's own history and from outside, that this log provably extends.</summary>
    public int OlderCheckpoints { get; init; }
    public TimeSpan Duration { get; init; }

    public bool IsValid => Failures.Count == 0;

    /// <summary>One sentence for people.</summary>
    public string Summary => IsValid
        ? string.Create(CultureInfo.InvariantCulture, $"The log {Origin} is intact: {Size} events, {Bodies} bodies in place, {PrunedBodies} pruned, consistent with {OlderCheckpoints} older checkpoints.")
        : Failures[0].Message;
}
