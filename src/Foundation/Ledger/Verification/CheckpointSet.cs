namespace Merlon.Ledger;

/// <summary>The signed checkpoints of one verification: the current one, and the older ones that the log must extend.</summary>
internal sealed record CheckpointSet(Checkpoint Current, IReadOnlyList<(Checkpoint Checkpoint, bool IsOutside)> Older)
{
    private const int MaxFileBytes = 256 * 1024 * 1024;

    /// <summary>Null when there is no current checkpoint to go by.</summary>
    internal static CheckpointSet? Read(LogPaths paths, NoteKey key, string? outside, FailureList failures)
    {
        if (!File.Exists(paths.Checkpoint))
        {
            failures.Add(LedgerFault.Checkpoint, $"There is no checkpoint in '{paths.Root}'.");
            return null;
        }
        if (!Checkpoint.Verify(File.ReadAllText(paths.Checkpoint), key).Try(out var current, out var refusal))
        {
            failures.Add(LedgerFault.Checkpoint, refusal.Detail);
            return null;
        }
        var older = new List<(Checkpoint, bool)>();
        if (File.Exists(paths.History))
            AddHistory(paths, key, current, older, failures);
        if (outside is not null)
            AddOutside(outside, key, current, older, failures);
        return new CheckpointSet(current, older);
    }

    private static void AddHistory(LogPaths paths, NoteKey key, Checkpoint current, List<(Checkpoint, bool)> older, FailureList failures)
    {
        if (new FileInfo(paths.History).Length > MaxFileBytes)
        {
            failures.Add(LedgerFault.History, $"The history of checkpoints is longer than {MaxFileBytes} bytes.");
            return;
        }
        var text = File.ReadAllText(paths.History);
        var notes = CheckpointHistory.Split(text, out _);
        var previous = -1L;
        for (var i = 0; i < notes.Count; i++)
        {
            if (!Checkpoint.Verify(notes[i], key).Try(out var checkpoint, out var refusal))
                failures.Add(LedgerFault.History, $"Checkpoint {i + 1} of the log's history is not acceptable: {refusal.Detail}");
            else if (checkpoint.Size > current.Size)
                failures.Add(LedgerFault.History, current.Size, checkpoint.Size - 1, $"The log was rolled back: its history holds a signed checkpoint for {checkpoint.Size} events, but its checkpoint covers {current.Size}.");
            else if (checkpoint.Size < previous)
                failures.Add(LedgerFault.History, $"The log's history goes back from {previous} to {checkpoint.Size} events at checkpoint {i + 1}.");
            else
                older.Add((checkpoint, false));
            previous = checkpoint?.Size ?? previous;
        }
    }

    private static void AddOutside(string outside, NoteKey key, Checkpoint current, List<(Checkpoint, bool)> older, FailureList failures)
    {
        var notes = CheckpointHistory.Split(outside, out var whole);
        if (notes.Count == 0 || whole < outside.TrimEnd('\n').Length)
            failures.Add(LedgerFault.OutsideCheckpoint, "The outside checkpoint is not a signed note.");
        foreach (var note in notes)
        {
            if (!Checkpoint.Verify(note, key).Try(out var checkpoint, out var refusal))
                failures.Add(LedgerFault.OutsideCheckpoint, $"The outside checkpoint is not acceptable: {refusal.Detail}");
            else if (checkpoint.Size > current.Size)
                failures.Add(LedgerFault.OutsideCheckpoint, current.Size, checkpoint.Size - 1, $"The log was cut short: a checkpoint kept outside covers {checkpoint.Size} events, the log's own only {current.Size}.");
            else
                older.Add((checkpoint, true));
        }
    }
}
