namespace Merlon.Ledger;

/// <summary>
/// Checks a log without the server that wrote it and without any secret: only files, the log's public key, and, best, a checkpoint that was kept
/// somewhere else. Works in one pass over the files, on all cores; memory grows by 33 bytes for 256 events.
/// </summary>
public static class LedgerVerifier
{
    /// <summary>
    /// Verifies, in this order:
    /// 1. the checkpoint is signed by the key;
    /// 2. every event has its place, its sequence and the hash that leads to the signed root, and the tiles agree;
    /// 3. every older checkpoint of the log's history, and every one of <paramref name="outsideCheckpoints"/>, is a prefix of this log;
    /// 4. every stored body is what its event commits to, and none is missing without a recorded pruning;
    /// 5. with <paramref name="keys"/>, every body that opens has the salted hash of its event.
    /// </summary>
    /// <param name="directory">The log's directory; may be a copy.</param>
    /// <param name="vkey">The log's public key, from a place that the log's host does not control.</param>
    /// <param name="outsideCheckpoints">One or more signed checkpoints that were kept elsewhere.</param>
    /// <param name="keys">Private keys, when the content itself is to be checked too.</param>
    public static LedgerVerification Verify(string directory, string vkey, string? outsideCheckpoints = null, LedgerKeys? keys = null)
    {
        var started = TimeProvider.System.GetTimestamp();
        var failures = new FailureList();
        var result = new LedgerVerification { Origin = "", Size = 0, Failures = [] };
        if (!NoteKey.Parse(vkey).Try(out var key, out var refusal))
            failures.Add(LedgerFault.Checkpoint, refusal.ToString());
        else if (CheckpointSet.Read(new LogPaths(directory), key, outsideCheckpoints, failures) is { } checkpoints)
            result = VerifyTree(directory, checkpoints, failures, keys);
        return result with
        {
            Origin = key?.Name ?? "",
            Failures = failures.Ordered(),
            Duration = TimeProvider.System.GetElapsedTime(started),
        };
    }

    private static LedgerVerification VerifyTree(string directory, CheckpointSet checkpoints, FailureList failures, LedgerKeys? keys)
    {
        var current = checkpoints.Current;
        var scan = new TreeScan(new TileStore(directory), current.Size, checkpoints.Older.Select(c => c.Checkpoint.Size));
        scan.Run();
        var sound = TreeJudgement.Judge(scan, checkpoints, failures);
        var result = new LedgerVerification
        {
            Origin = current.Origin,
            Size = current.Size,
            Root = current.Root,
            Failures = [],
            OlderCheckpoints = checkpoints.Older.Count,
        };
        // Bodies are compared with events; events that are wrong themselves would only multiply the messages.
        if (!sound)
            return result;
        var bodies = new BodyScan(directory, current.Size, failures);
        bodies.Run();
        return result with { Bodies = bodies.Verified, PrunedBodies = bodies.Pruned, OpenedBodies = keys is null ? 0 : OpenAll(directory, keys, failures) };
    }

    private static long OpenAll(string directory, LedgerKeys keys, FailureList failures)
    {
        const int Step = 4096;
        using var reader = LedgerReader.Open(directory, keys);
        var opened = 0L;
        for (var from = 0L; from < reader.Size; from += Step)
        {
            foreach (var entry in reader.Read(from, Step))
            {
                if (entry.State == BodyState.Open)
                    opened++;
                else if (entry.State == BodyState.Damaged)
                    failures.Add(LedgerFault.Body, entry.Index, entry.Index, $"The body of event {entry.Index} does not open, or is not what the event commits to.");
            }
        }
        return opened;
    }
}
