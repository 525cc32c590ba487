namespace Merlon.Ledger;

/// <summary>Removes body segments whose events are all older than a limit. The leaves stay, so every proof still verifies.</summary>
internal sealed class Retention(LogPaths paths, LedgerOptions options, TimeProvider time)
{
    /// <summary>OCSF Datastore Activity: Delete.</summary>
    internal const int DeleteActivity = 7;

    /// <summary>Closed segments of the organisation that hold only events from before the limit, with their first and last sequence.</summary>
    internal List<PruneMarker> Candidates(Guid organisation, DateTimeOffset before, LedgerReader reader)
    {
        var candidates = new List<PruneMarker>();
        foreach (var first in LogPaths.Numbers(paths.Organisation(organisation), ".seg"))
        {
            var (lowest, highest) = Range(organisation, first);
            // What is not under a checkpoint yet is too young to be pruned in any case.
            if (highest < 0 || highest >= reader.Size)
                break;
            if (!reader.AllBefore(organisation, lowest, highest, before))
                break;
            candidates.Add(new PruneMarker(organisation, lowest, highest, time.GetUtcNow(), -1));
        }
        return candidates;
    }

    /// <summary>What the log says of the pruning before it happens.</summary>
    internal SecurityEvent Event(Guid organisation, List<PruneMarker> segments, DateTimeOffset before) => new()
    {
        Id = Guid.CreateVersion7(time.GetUtcNow()),
        Time = time.GetUtcNow(),
        Class = OcsfClass.DatastoreActivity,
        Activity = DeleteActivity,
        Operation = "ledger.prune",
        Scope = new Scope(organisation, Guid.Empty),
        Actor = "system:" + options.Service,
        Service = options.Service,
        Resource = new EventResource("ledger", options.Origin),
        Message = "Event bodies older than the retention limit were removed.",
        Attributes = [("segments", segments.Count), ("first", segments[0].First), ("last", segments[^1].Last), ("before", before.ToString("O", System.Globalization.CultureInfo.InvariantCulture))],
    };

    /// <summary>The marker first, then the segment: a crash in between leaves a body too many, never one that is missing without a word.</summary>
    internal void Remove(PruneMarker marker)
    {
        var first = LogPaths.Numbers(paths.Organisation(marker.Organisation), ".seg").Last(f => f <= marker.First);
        DurableFile.Replace(paths.Pruned(marker.Organisation, first), marker.ToJson());
        File.Delete(paths.Segment(marker.Organisation, first));
    }

    private (long First, long Last) Range(Guid organisation, long segment)
    {
        using var scanner = SegmentScanner.TryOpen(paths.Segment(organisation, segment));
        var (first, last) = (-1L, -1L);
        while (scanner is not null && scanner.MoveNext())
        {
            first = first < 0 ? scanner.Sequence : first;
            last = scanner.Sequence;
        }
        return (first, last);
    }
}
