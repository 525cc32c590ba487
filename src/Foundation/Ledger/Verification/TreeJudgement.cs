namespace Merlon.Ledger;

/// <summary>Says from the roots of a scan whether the log is sound, and if not, which events are wrong.</summary>
internal static class TreeJudgement
{
    /// <summary>True when the events lead to the signed root.</summary>
    internal static bool Judge(TreeScan scan, CheckpointSet checkpoints, FailureList failures)
    {
        var current = checkpoints.Current;
        var eventsAreRight = Root(scan, scan.EntryRoots) == current.Root;
        var problems = scan.Findings.Where(f => f.Problem is not null).ToList();
        if (eventsAreRight)
        {
            ReportTiles(scan, failures);
            // A malformed leaf under a right root was signed that way by the log itself.
            foreach (var finding in problems.Where(f => f.Problem!.StartsWith("Event", StringComparison.Ordinal)))
                failures.Add(LedgerFault.Event, Index(finding), Index(finding), finding.Problem!);
            CheckUpperTiles(scan, failures);
        }
        else
        {
            ReportEvents(scan, checkpoints, failures);
        }
        CheckOlder(scan, checkpoints, failures, eventsAreRight);
        return eventsAreRight;
    }

    private static long Index(TileFinding finding) => finding.Tile * TilePath.Width + finding.Position;

    private static Digest Root(TreeScan scan, ReadOnlySpan<byte> roots) => TreeScan.RootAt(roots, scan.Size, LastPartial(scan, roots));

    private static Digest? LastPartial(TreeScan scan, ReadOnlySpan<byte> roots) =>
        scan.Size % TilePath.Width == 0 ? null : new Digest(roots[^TreeHash.Size..]);

    private static void ReportTiles(TreeScan scan, FailureList failures)
    {
        foreach (var finding in scan.Findings)
        {
            var index = Index(finding);
            var width = TileSource.WidthOf(scan.Size, 0, finding.Tile);
            if (finding.Problem is null)
                failures.Add(LedgerFault.Tile, index, index, $"The tile {TilePath.Of(0, finding.Tile, width)} holds a wrong hash for event {index}; the event itself is right.");
            else if (!finding.Problem.StartsWith("Event", StringComparison.Ordinal))
                failures.Add(LedgerFault.Tile, index, index, finding.Problem);
        }
    }

    /// <summary>The tiles above level 0 must hold the roots of the tiles below; the events have just been proved right.</summary>
    private static void CheckUpperTiles(TreeScan scan, FailureList failures)
    {
        var below = scan.EntryRoots[..(int)(scan.Size / TilePath.Width * TreeHash.Size)].ToArray();
        for (var level = 1; below.Length > 0; level++)
        {
            var count = below.Length / TreeHash.Size;
            var above = new byte[count / TilePath.Width * TreeHash.Size];
            for (var tile = 0; tile * TilePath.Width < count; tile++)
            {
                var width = Math.Min(TilePath.Width, count - tile * TilePath.Width);
                var expected = below.AsSpan(tile * TilePath.Width * TreeHash.Size, width * TreeHash.Size);
                var stored = scan.Store.TryRead(level, tile, width);
                if (stored is null || !expected.SequenceEqual(stored))
                    failures.Add(LedgerFault.Tile, $"The tile {TilePath.Of(level, tile, width)} is missing or holds wrong hashes; the events below it are right.");
                if (width == TilePath.Width)
                    TreeHash.Root(expected).CopyTo(above.AsSpan(tile * TreeHash.Size));
            }
            below = above;
        }
    }

    private static void ReportEvents(TreeScan scan, CheckpointSet checkpoints, FailureList failures)
    {
        var before = failures.Ordered().Count;
        // The stored tiles name the event exactly, if they themselves lead to the signed root.
        var trusted = TrustedRoots(scan, checkpoints.Current.Root);
        if (trusted is not null)
            ReportAgainst(scan, trusted, failures);
        if (failures.Ordered().Count == before)
            ReportInterval(scan, checkpoints, failures);
    }

    /// <summary>Roots of whole tiles that are proved by the signed root: from level 0, else from level 1. Null when neither is intact.</summary>
    private static byte[]? TrustedRoots(TreeScan scan, Digest signed)
    {
        if (Root(scan, scan.TileRoots) == signed)
            return scan.TileRoots.ToArray();
        var whole = (int)(scan.Size / TilePath.Width);
        var roots = scan.TileRoots.ToArray();
        for (var tile = 0; tile * TilePath.Width < whole; tile++)
        {
            var width = Math.Min(TilePath.Width, whole - tile * TilePath.Width);
            if (scan.Store.TryRead(1, tile, width) is { } stored)
                stored.CopyTo(roots, tile * TilePath.Width * TreeHash.Size);
        }
        if (Root(scan, roots) == signed)
            return roots;
        // The last, unfinished tile may be the wrong one of both.
        if (scan.Size % TilePath.Width == 0)
            return null;
        scan.EntryRoots[^TreeHash.Size..].CopyTo(roots.AsSpan(roots.Length - TreeHash.Size));
        return Root(scan, roots) == signed ? roots : null;
    }

    private static void ReportAgainst(TreeScan scan, byte[] trusted, FailureList failures)
    {
        var findings = scan.Findings.GroupBy(f => f.Tile).ToDictionary(g => g.Key, g => g.OrderByDescending(f => f.Problem is not null && !f.Problem.StartsWith("The tile", StringComparison.Ordinal)).First());
        for (var tile = 0L; tile < scan.TileCount; tile++)
        {
            var expected = trusted.AsSpan((int)tile * TreeHash.Size, TreeHash.Size);
            if (expected.SequenceEqual(scan.EntryRoots.Slice((int)tile * TreeHash.Size, TreeHash.Size)))
                continue;
            var first = tile * TilePath.Width;
            var last = Math.Min(scan.Size, first + TilePath.Width) - 1;
            var tileIsRight = expected.SequenceEqual(scan.TileRoots.Slice((int)tile * TreeHash.Size, TreeHash.Size));
            if (findings.TryGetValue(tile, out var finding) && tileIsRight && (finding.Problem is null || finding.Problem.StartsWith("Event", StringComparison.Ordinal)))
            {
                failures.Add(LedgerFault.Event, Index(finding), Index(finding), finding.Problem ?? $"Event {Index(finding)} was changed: it is not what the log signed.");
                continue;
            }
            failures.Add(LedgerFault.Event, first, last, findings.TryGetValue(tile, out finding) && finding.Problem is not null && !finding.Problem.StartsWith("Event", StringComparison.Ordinal)
                ? finding.Problem
                : $"Something in the events {first} to {last} was changed: they are not what the log signed.");
        }
    }

    private static void ReportInterval(TreeScan scan, CheckpointSet checkpoints, FailureList failures)
    {
        var good = 0L;
        foreach (var (checkpoint, _) in checkpoints.Older.OrderBy(c => c.Checkpoint.Size))
        {
            if (RootOf(scan, checkpoint.Size) != checkpoint.Root)
            {
                failures.Add(LedgerFault.Event, good, checkpoint.Size - 1, $"Something in the events {good} to {checkpoint.Size - 1} was changed: up to {good} the log is what was signed, at {checkpoint.Size} it is not.");
                return;
            }
            good = Math.Max(good, checkpoint.Size);
        }
        failures.Add(LedgerFault.Event, good, scan.Size - 1, $"Something in the events {good} to {scan.Size - 1} was changed: they do not lead to the root that the log signed.");
    }

    private static void CheckOlder(TreeScan scan, CheckpointSet checkpoints, FailureList failures, bool eventsAreRight)
    {
        // When events are wrong, the log's own history only repeats it; what was kept outside is always said.
        foreach (var (checkpoint, isOutside) in checkpoints.Older)
        {
            if ((!eventsAreRight && !isOutside) || RootOf(scan, checkpoint.Size) == checkpoint.Root)
                continue;
            failures.Add(isOutside ? LedgerFault.OutsideCheckpoint : LedgerFault.History, 0, checkpoint.Size - 1, isOutside
                ? $"The log was rewritten: a checkpoint kept outside signs another history of its first {checkpoint.Size} events."
                : $"The log was rewritten: an older checkpoint of its own signs another history of its first {checkpoint.Size} events.");
        }
    }

    private static Digest RootOf(TreeScan scan, long size) =>
        TreeScan.RootAt(scan.EntryRoots, size, scan.PartialRoots.TryGetValue(size, out var partial) ? partial : null);
}
