using Merlon.Kernel;
using Merlon.Ledger;

namespace Merlon.App.Demo;

/// <summary>
/// What a thief with all keys can do to a copy of a log: change one event, or none, then rebuild every hash above the events and sign the result. All
/// other events keep their bytes, so that nothing but the change itself can give the forgery away.
/// </summary>
/// <param name="seed">The log's signing seed.</param>
/// <param name="sealTo">Public event key of the organisation (SPKI).</param>
internal sealed class LogThief(NoteKey key, byte[] seed, ReadOnlyMemory<byte> sealTo)
{
    /// <summary>Gives one event of the copy another body, keeps the rest byte for byte, and signs the result.</summary>
    public void Replace(string log, LedgerEntry entry, ReadOnlySpan<byte> body)
    {
        var leaves = Leaves(log);
        if (!LeafRecord.TryRead(leaves[(int)entry.Index], out var leaf))
            throw new InvalidDataException($"The entry {entry.Index} of the log is damaged.");
        byte[] payload = [.. entry.Salt.Span, .. body];
        var changed = leaf with { BodyHash = Digest.Of(payload), SealedHash = Reseal(new LogPaths(log), leaf, payload) };
        changed.Write(leaves[(int)entry.Index]);
        WriteTree(log, leaves);
    }

    /// <summary>Rebuilds the tree over the events as they are, and signs it as the log would.</summary>
    public void Resign(string log) => WriteTree(log, Leaves(log));

    private static List<byte[]> Leaves(string log)
    {
        using var reader = LedgerReader.Open(log);
        var store = new TileStore(log);
        var leaves = new List<byte[]>((int)reader.Size);
        for (var tile = 0L; tile * TilePath.Width < reader.Size; tile++)
        {
            var width = TileSource.WidthOf(reader.Size, 0, tile);
            var bundle = store.TryRead(TilePath.Entries, tile, width) ?? throw new InvalidDataException("The copy of the log is not whole.");
            for (var i = 0; i < width; i++)
                leaves.Add(EntryBundle.Entry(bundle, i).ToArray());
        }
        return leaves;
    }

    private void WriteTree(string log, List<byte[]> leaves)
    {
        var paths = new LogPaths(log);
        // What tells of the former tree goes: its tiles, its older checkpoints, its write-ahead log.
        Directory.Delete(Path.Combine(log, "tile"), recursive: true);
        Directory.Delete(paths.Wal, recursive: true);
        Directory.CreateDirectory(paths.Wal);
        File.Delete(paths.History);
        var tree = new TileTree();
        leaves.ForEach(leaf => tree.Append(leaf));
        var store = new TileStore(log);
        foreach (var tile in tree.TakeFinished().Concat(tree.Partials()))
            store.Write(tile.Level, tile.Index, tile.Width, tile.Bytes);
        File.WriteAllText(paths.Checkpoint, Checkpoint.Sign(key, seed, tree.Size, tree.Root()).Note);
    }

    /// <summary>
    /// Puts the new body where the old one was. A segment's own key is forgotten after writing, so the new body gets a segment of its own, and the old
    /// segment is cut in two around it. Returns the hash of the sealed bytes.
    /// </summary>
    private Digest Reseal(LogPaths paths, in LeafRecord leaf, byte[] payload)
    {
        var (organisation, index) = (leaf.Organisation, leaf.Sequence);
        var path = paths.Segment(organisation, LogPaths.Numbers(paths.Organisation(organisation), ".seg").Last(first => first <= index));
        int from, to;
        using (var scanner = SegmentScanner.TryOpen(path) ?? throw new InvalidDataException("The copy of the log is not whole."))
        {
            while (scanner.MoveNext() && scanner.Sequence < index)
            {
                // On to the event.
            }
            (from, to) = ((int)scanner.Offset, (int)scanner.ValidLength);
        }
        var bytes = File.ReadAllBytes(path);
        File.Delete(path);
        if (from > SegmentHeader.Size)
            File.WriteAllBytes(path, bytes[..from]);
        if (to < bytes.Length)
            File.WriteAllBytes(paths.Segment(organisation, index + 1), [.. bytes[..SegmentHeader.Size], .. bytes[to..]]);
        using var segment = SegmentWriter.Create(paths, organisation, sealTo.Span, index, TimeProvider.System.GetUtcNow());
        var hash = segment.Stage(index, payload);
        segment.Flush();
        return hash;
    }
}
