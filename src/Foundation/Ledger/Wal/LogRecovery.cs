using System.Globalization;
using System.Text;

namespace Merlon.Ledger;

/// <summary>
/// Opens what a run left behind, however it ended:
/// 1. read the newest checkpoint that this key signed; cut a torn note from the history;
/// 2. restore the tree's edge from the tiles below the oldest write-ahead file;
/// 3. replay the write-ahead log up to the first record that is torn or, after the checkpoint, has no body;
/// 4. refuse if that ends before the checkpoint or disagrees with its root: continuing would fork the log;
/// 5. cut what follows from the write-ahead log and the segments.
/// </summary>
internal sealed class LogRecovery(LogPaths paths, NoteKey key)
{
    private readonly TileStore _tiles = new(paths.Root);
    private readonly Dictionary<Guid, long> _lastOfOrganisation = [];
    private long _droppedRecords;

    internal TileTree Tree { get; } = new();
    internal RecentIds Recent { get; } = new();
    internal Checkpoint? Latest { get; private set; }

    internal RecoveryReport Run()
    {
        // 1
        Latest = ReadCheckpoints();
        var checkpointSize = Latest?.Size ?? 0;
        // 2
        var files = LogPaths.Numbers(paths.Wal, ".wal");
        var first = files.Count > 0 ? files[0] : 0;
        if (first % WalRecord.PerFile != 0)
            throw new InvalidDataException($"The write-ahead file {first} does not begin at a multiple of {WalRecord.PerFile}.");
        RestoreEdge(first);
        // 3
        var bodies = BodyHashes(checkpointSize);
        Replay(files, checkpointSize, bodies);
        // 4
        if (Tree.Size < checkpointSize)
        {
            throw new InvalidDataException(string.Create(CultureInfo.InvariantCulture,
                $"The log holds {Tree.Size} whole events, but a checkpoint for {checkpointSize} was published: the disk lost or someone removed the rest. Restore the log directory from a backup; it is not opened, so that it cannot fork."));
        }
        // 5
        TruncateWal(files);
        var droppedBytes = TruncateSegments();
        return new RecoveryReport(Tree.Size, checkpointSize, Tree.Size - first, _droppedRecords, droppedBytes, Summary(checkpointSize, droppedBytes));
    }

    private string Summary(long checkpointSize, long droppedBytes) => _droppedRecords == 0 && droppedBytes == 0
        ? string.Create(CultureInfo.InvariantCulture, $"The log opened with {Tree.Size} events, {checkpointSize} of them under a signed checkpoint; nothing had to be repaired.")
        : string.Create(CultureInfo.InvariantCulture, $"The log opened with {Tree.Size} events, {checkpointSize} of them under a signed checkpoint; {_droppedRecords} torn records and {droppedBytes} bytes of bodies were cut off that no one was told were on disk.");

    private Checkpoint? ReadCheckpoints()
    {
        Checkpoint? newest = null;
        if (File.Exists(paths.Checkpoint))
        {
            var verified = Checkpoint.Verify(File.ReadAllText(paths.Checkpoint), key);
            if (!verified.Try(out newest, out var refusal))
                throw new InvalidDataException($"The log's own checkpoint is not acceptable: {refusal.Detail}");
        }
        if (!File.Exists(paths.History))
            return newest;
        var text = File.ReadAllText(paths.History);
        var notes = CheckpointHistory.Split(text, out var whole);
        if (whole < text.Length)
        {
            using var stream = new FileStream(paths.History, FileMode.Open, FileAccess.Write);
            stream.SetLength(Encoding.UTF8.GetByteCount(text.AsSpan(0, whole)));
        }
        // The history is written before the checkpoint, so its last note may be newer.
        if (notes.Count > 0 && Checkpoint.Verify(notes[^1], key).Try(out var last, out _) && last.Size > (newest?.Size ?? -1))
            newest = last;
        return newest;
    }

    private void RestoreEdge(long size)
    {
        // Where a write-ahead file begins, the tiles of levels 0 and 1 are full; above, a hash is the root of the full tile below it.
        var hashes = size / WalRecord.PerFile;
        for (var level = 2; hashes > 0; level++, hashes /= TilePath.Width)
        {
            var width = (int)(hashes % TilePath.Width);
            var edge = new byte[width * TreeHash.Size];
            for (var i = 0; i < width; i++)
            {
                var index = hashes - width + i;
                var below = _tiles.TryRead(level - 1, index, TilePath.Width)
                    ?? throw new InvalidDataException($"The tile {TilePath.Of(level - 1, index, TilePath.Width)} is missing or has the wrong size, so the log cannot be continued.");
                TreeHash.Root(below).CopyTo(edge.AsSpan(i * TreeHash.Size));
            }
            Tree.Restore(level, hashes / TilePath.Width, edge, size);
        }
        if (size > 0)
            Tree.AlignLowerLevels(size);
    }

    /// <summary>Hashes of the stored records after the checkpoint: only there may a record be without its body.</summary>
    private Dictionary<long, Digest> BodyHashes(long from)
    {
        var hashes = new Dictionary<long, Digest>();
        foreach (var organisation in paths.Organisations())
        {
            var firsts = LogPaths.Numbers(paths.Organisation(organisation), ".seg");
            for (var i = firsts.Count - 1; i >= 0; i--)
            {
                using (var scanner = SegmentScanner.TryOpen(paths.Segment(organisation, firsts[i])))
                {
                    while (scanner is not null && scanner.MoveNext())
                    {
                        if (scanner.Sequence >= from)
                            hashes[scanner.Sequence] = SegmentRecord.Hash(scanner.HeadHash, scanner.Record);
                    }
                }
                if (firsts[i] < from)
                    break;
            }
        }
        return hashes;
    }

    private void Replay(List<long> files, long checkpointSize, Dictionary<long, Digest> bodies)
    {
        var broken = false;
        foreach (var first in files)
        {
            var bytes = File.ReadAllBytes(paths.WalFile(first));
            var records = (bytes.Length + WalRecord.Size - 1) / WalRecord.Size;
            broken |= first != Tree.Size;
            for (var i = 0; i < records; i++)
            {
                if (broken || i == WalRecord.PerFile || !TryReplay(bytes.AsSpan(i * WalRecord.Size), checkpointSize, bodies))
                {
                    broken = true;
                    _droppedRecords++;
                }
            }
        }
    }

    private bool TryReplay(ReadOnlySpan<byte> bytes, long checkpointSize, Dictionary<long, Digest> bodies)
    {
        if (bytes.Length < WalRecord.Size || !WalRecord.TryRead(bytes[..WalRecord.Size], Tree.Size, out var leaf, out var id))
            return false;
        if (leaf.Sequence >= checkpointSize && (!bodies.TryGetValue(leaf.Sequence, out var hash) || hash != leaf.SealedHash))
            return false;
        Recent.Add(id, leaf.Sequence);
        _lastOfOrganisation[leaf.Organisation] = leaf.Sequence;
        Tree.Append(bytes[..LeafRecord.Size]);
        if (Latest is { } latest && Tree.Size == latest.Size && Tree.Root() != latest.Root)
            throw new InvalidDataException($"The events of the log do not lead to the root that its checkpoint for {latest.Size} events signs: they were changed. The log is not opened, so that it cannot fork.");
        return true;
    }

    private void TruncateWal(List<long> files)
    {
        foreach (var first in files)
        {
            var path = paths.WalFile(first);
            var keep = Math.Clamp(Tree.Size - first, 0, WalRecord.PerFile) * WalRecord.Size;
            if (keep == 0)
                File.Delete(path);
            else if (new FileInfo(path).Length > keep)
                Truncate(path, keep);
        }
    }

    private long TruncateSegments()
    {
        var dropped = 0L;
        foreach (var organisation in paths.Organisations())
        {
            var firsts = LogPaths.Numbers(paths.Organisation(organisation), ".seg");
            for (var i = firsts.Count - 1; i >= 0; i--)
            {
                var path = paths.Segment(organisation, firsts[i]);
                dropped += TruncateSegment(organisation, path, firsts[i]);
                if (firsts[i] < (Latest?.Size ?? 0))
                    break;
            }
        }
        return dropped;
    }

    /// <summary>
    /// Cuts records that no leaf refers to, and a torn end. A damaged record before one that was acknowledged is left as it is: that is for the verifier
    /// to show and not for us to tidy away.
    /// </summary>
    private long TruncateSegment(Guid organisation, string path, long first)
    {
        var length = new FileInfo(path).Length;
        if (first >= Tree.Size)
        {
            File.Delete(path);
            return length;
        }
        var (keep, last, unreferenced) = ((long)SegmentHeader.Size, -1L, false);
        using (var scanner = SegmentScanner.TryOpen(path))
        {
            if (scanner is null)
                return 0;
            while (!unreferenced && scanner.MoveNext())
            {
                unreferenced = scanner.Sequence >= Tree.Size;
                if (!unreferenced)
                    (keep, last) = (scanner.ValidLength, scanner.Sequence);
            }
        }
        var nothingLost = _lastOfOrganisation.TryGetValue(organisation, out var expected) && last >= expected;
        if (length <= keep || !(unreferenced || nothingLost))
            return 0;
        Truncate(path, keep);
        return length - keep;
    }

    private static void Truncate(string path, long length)
    {
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Write);
        stream.SetLength(length);
        stream.Flush(flushToDisk: true);
    }
}
