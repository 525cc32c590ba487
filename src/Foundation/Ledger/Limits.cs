namespace Merlon.Ledger;

/// <summary>All bounds on what this module reads or takes in.</summary>
internal static class Limits
{
    /// <summary>Bytes of one event body as JSON. A larger event is a defect of the caller.</summary>
    internal const int MaxBody = 256 * 1024;

    /// <summary>Events waiting for the writer before an appender is held back.</summary>
    internal const int MaxQueued = 8192;

    /// <summary>Events in one group commit.</summary>
    internal const int MaxBatchEvents = 1024;

    /// <summary>Body bytes in one group commit.</summary>
    internal const int MaxBatchBytes = 4 * 1024 * 1024;

    /// <summary>Bytes after which a body segment is closed and another begun.</summary>
    internal const long MaxSegmentBytes = 64L * 1024 * 1024;

    /// <summary>Age after which a body segment is closed, so that retention can prune by the day.</summary>
    internal static readonly TimeSpan MaxSegmentAge = TimeSpan.FromDays(1);

    /// <summary>Open body segments; the one written to least recently is closed beyond this.</summary>
    internal const int MaxOpenSegments = 256;

    /// <summary>Characters of a signed note: 16 signatures and more have room.</summary>
    internal const int MaxNoteCharacters = 64 * 1024;

    /// <summary>Signatures on a note. C2SP signed-note asks for at least 16.</summary>
    internal const int MaxNoteSignatures = 64;

    /// <summary>Hashes in a proof that is taken from outside: more than any tree of 2^63 leaves needs.</summary>
    internal const int MaxProofHashes = 130;

    /// <summary>Tiles that may wait for the disk before appends are refused.</summary>
    internal const int MaxUnwrittenTiles = 8192;

    /// <summary>Entries that one call to the reader returns.</summary>
    internal const int MaxReadCount = 100_000;

    /// <summary>Groups (network, reason, caller) that a refusal aggregator tells apart in one interval.</summary>
    internal const int MaxAggregatedNetworks = 1024;
}
