
namespace Merlon.Ledger;

/// <summary>
/// The outside copy of a log's checkpoints in files: the newest in <paramref name="path"/>, and every one that ever arrived, one after another, in
/// <c>path.history</c>.
/// INVARIANT: nothing that was kept is lost or replaced by what contradicts it. A thief with the log's key can add a checkpoint, but not take back the
/// good ones before it.
/// </summary>
internal sealed class CheckpointFile(string path)
{
    internal string History => path + ".history";

    /// <summary>Keeps the checkpoint.</summary>
    /// <exception cref="InvalidDataException">It contradicts what is kept here; the files are as they were.</exception>
    internal void Keep(Checkpoint checkpoint)
    {
        if (File.Exists(path))
        {
            if (!Checkpoint.ReadUnverified(File.ReadAllText(path)).Try(out var kept, out _))
                throw new InvalidDataException($"'{path}' is not a checkpoint; it is left as it is, and nothing more is copied there.");
            if (Contradiction(kept, checkpoint) is { } problem)
                throw new InvalidDataException($"{problem} The copy in '{path}' is left as it is.");
            if (kept.Size == checkpoint.Size)
                return;
        }
        // The history first: after a crash in between, the same note may stand there twice, but none is missing.
        CutTornNote();
        DurableFile.Append(History, checkpoint.Note);
        DurableFile.Replace(path, checkpoint.Note);
    }

    private static string? Contradiction(Checkpoint kept, Checkpoint next)
    {
        if (!string.Equals(kept.Origin, next.Origin, StringComparison.Ordinal))
            return $"The place already holds checkpoints of another log, '{Kernel.Text.Printable(kept.Origin, 100)}'.";
        if (next.Size < kept.Size)
            return $"The log was rolled back: it signs {next.Size} events, but a checkpoint kept outside signs {kept.Size}.";
        return next.Size == kept.Size && next.Root != kept.Root
            ? $"The log was rewritten: it signs another history of its first {kept.Size} events than a checkpoint kept outside."
            : null;
    }

    /// <summary>A crash may have cut the last note of the history; a note ends with its signature line, which begins with a dash of three bytes.</summary>
    private void CutTornNote()
    {
        if (!File.Exists(History))
            return;
        using var stream = new FileStream(History, FileMode.Open, FileAccess.ReadWrite, FileShare.Read);
        var tail = new byte[Math.Min(stream.Length, 2 * Limits.MaxNoteCharacters)];
        stream.Position = stream.Length - tail.Length;
        stream.ReadExactly(tail);
        var signature = tail.AsSpan().LastIndexOf(NewLineAndDash);
        // Only a signature line that is whole ends a note; a torn one is left to the note before it.
        while (signature >= 0 && tail.AsSpan(signature + 1).IndexOf((byte)'\n') < 0)
            signature = tail.AsSpan(0, signature).LastIndexOf(NewLineAndDash);
        if (signature < 0 && tail.Length < stream.Length)
            throw new InvalidDataException($"'{History}' does not hold checkpoints; it is left as it is, and nothing more is copied there.");
        var end = signature < 0 ? 0 : signature + 1 + tail.AsSpan(signature + 1).IndexOf((byte)'\n') + 1;
        if (end < tail.Length)
            stream.SetLength(stream.Length - tail.Length + end);
    }

    private static ReadOnlySpan<byte> NewLineAndDash => "\n\u2014 "u8;
}
