using System.Buffers.Binary;
using System.Security.Cryptography;
using Merlon.Keys;

namespace Merlon.Ledger;

/// <summary>The open body segment of one organisation. Records are staged in memory and written with one call per group commit.</summary>
internal sealed class SegmentWriter : IDisposable
{
    private readonly SealedBoxSender _sender;
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly Digest _headHash;
    private byte[] _staged = new byte[4096];
    private int _stagedLength;

    private SegmentWriter(AppendFile file, SealedBoxSender sender, SegmentHeader header, Digest headHash)
    {
        (File, _sender, Header, _headHash) = (file, sender, header, headHash);
    }

    internal AppendFile File { get; }
    internal SegmentHeader Header { get; }
    internal bool HasStaged => _stagedLength > 0;

    /// <summary>Value of the group-commit counter when this segment was last used.</summary>
    internal long LastUsed { get; set; }

    internal static SegmentWriter Create(LogPaths paths, Guid organisation, ReadOnlySpan<byte> publicKey, long first, DateTimeOffset now)
    {
        var sender = new SealedBoxSender(publicKey, SegmentHeader.Context(organisation));
        AppendFile? file = null;
        var path = paths.Segment(organisation, first);
        try
        {
            var directory = paths.Organisation(organisation);
            var isNew = !Directory.Exists(directory);
            Directory.CreateDirectory(directory);
            var header = new SegmentHeader(organisation, first, Digest.Of(publicKey), sender.Ephemeral.ToArray(), now.ToUnixTimeMilliseconds());
            var head = header.Encode();
            file = new AppendFile(path, create: true);
            file.Append(head);
            Posix.SyncDirectory(directory);
            if (isNew)
                Posix.SyncDirectory(paths.Bodies);
            return new SegmentWriter(file, sender, header, Digest.Of(head));
        }
        catch
        {
            sender.Dispose();
            file?.Dispose();
            System.IO.File.Delete(path);
            throw;
        }
    }

    /// <summary>Seals one body into the staging buffer and returns the hash that the leaf commits to.</summary>
    internal Digest Stage(long sequence, ReadOnlySpan<byte> payload)
    {
        var size = SegmentRecord.Overhead + payload.Length;
        if (_stagedLength + size > _staged.Length)
            Array.Resize(ref _staged, Math.Max(_stagedLength + size, 2 * _staged.Length));
        var record = _staged.AsSpan(_stagedLength, size);
        BinaryPrimitives.WriteInt32BigEndian(record, size - 4);
        BinaryPrimitives.WriteInt64BigEndian(record[4..], sequence);
        // The counter is part of the associated data, so it is taken before sealing.
        BinaryPrimitives.WriteUInt64BigEndian(record[12..], _sender.NextCounter);
        Span<byte> associated = stackalloc byte[SegmentRecord.PrefixSize + Digest.Size];
        SegmentRecord.AssociatedData(record, _headHash, associated);
        _sender.Seal(payload, associated, record[SegmentRecord.PrefixSize..]);
        _stagedLength += size;
        return SegmentRecord.Hash(_hash, _headHash, record);
    }

    internal void Flush()
    {
        File.Append(_staged.AsSpan(0, _stagedLength));
        Discard();
    }

    internal void Discard()
    {
        _stagedLength = 0;
        if (_staged.Length > Limits.MaxBatchBytes)
            _staged = new byte[4096];
    }

    public void Dispose()
    {
        _sender.Dispose();
        _hash.Dispose();
        File.Dispose();
    }
}
