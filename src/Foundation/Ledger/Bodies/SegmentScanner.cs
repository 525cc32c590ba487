using System.Buffers.Binary;
using Microsoft.Win32.SafeHandles;

namespace Merlon.Ledger;

/// <summary>
/// Reads the records of a segment in order, in large pieces, stopping at the first that is not whole. Believes nothing: a length out of bounds or a
/// sequence that does not rise ends the scan.
/// </summary>
internal sealed class SegmentScanner : IDisposable
{
    private readonly SafeFileHandle _handle;
    private readonly byte[] _buffer = new byte[1 << 20];
    private readonly long _fileLength;
    private int _start, _end;
    private long _bufferOffset;
    private long _lastSequence = -1;

    private SegmentScanner(SafeFileHandle handle, SegmentHeader header, Digest headHash)
    {
        (_handle, Header, HeadHash) = (handle, header, headHash);
        _fileLength = RandomAccess.GetLength(handle);
        _bufferOffset = SegmentHeader.Size;
    }

    internal SegmentHeader Header { get; }
    internal Digest HeadHash { get; }
    internal long Sequence { get; private set; }

    /// <summary>Where the current record begins.</summary>
    internal long Offset { get; private set; }

    /// <summary>Where the whole records that were read so far end.</summary>
    internal long ValidLength => _bufferOffset + _start;

    /// <summary>True when the scan ended at the file's end, false when it ended at a damaged or torn record.</summary>
    internal bool AtEnd => ValidLength == _fileLength;

    /// <summary>The current record with its prefix; valid until the next <see cref="MoveNext"/>.</summary>
    internal ReadOnlySpan<byte> Record => _buffer.AsSpan(_recordStart, _recordLength);

    private int _recordStart, _recordLength;

    /// <summary>Null when the file is not there or has no whole head.</summary>
    internal static SegmentScanner? TryOpen(string path, long from = SegmentHeader.Size)
    {
        SafeFileHandle handle;
        try
        {
            handle = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
        var head = new byte[SegmentHeader.Size];
        var read = RandomAccess.Read(handle, head, 0);
        if (read == head.Length && SegmentHeader.TryRead(head) is { } header)
            return new SegmentScanner(handle, header, Digest.Of(head)) { _bufferOffset = from };
        handle.Dispose();
        return null;
    }

    internal bool MoveNext()
    {
        if (!Ensure(SegmentRecord.PrefixSize))
            return false;
        var prefix = _buffer.AsSpan(_start);
        var length = BinaryPrimitives.ReadInt32BigEndian(prefix) + 4L;
        var sequence = BinaryPrimitives.ReadInt64BigEndian(prefix[4..]);
        if (length is < SegmentRecord.MinSize or > SegmentRecord.MaxSize || sequence <= _lastSequence || !Ensure((int)length))
            return false;
        (Offset, Sequence, _lastSequence) = (ValidLength, sequence, sequence);
        (_recordStart, _recordLength) = (_start, (int)length);
        _start += (int)length;
        return true;
    }

    private bool Ensure(int count)
    {
        if (_end - _start >= count)
            return true;
        _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
        (_bufferOffset, _end, _start) = (_bufferOffset + _start, _end - _start, 0);
        while (_end < count)
        {
            var read = RandomAccess.Read(_handle, _buffer.AsSpan(_end), _bufferOffset + _end);
            if (read == 0)
                return false;
            _end += read;
        }
        return true;
    }

    public void Dispose() => _handle.Dispose();
}
