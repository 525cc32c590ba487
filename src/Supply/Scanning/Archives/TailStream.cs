namespace Merlon.Scanning.Archives;

/// <summary>Passes bytes on and remembers the last ones, where compressed formats keep their checksums.</summary>
internal sealed class TailStream(Stream inner) : Stream
{
    private const int Kept = 8;
    private readonly byte[] _tail = new byte[Kept];

    public long Count { get; private set; }

    /// <summary>The last eight bytes that were read.</summary>
    public ReadOnlySpan<byte> Tail => _tail;

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override int Read(Span<byte> buffer)
    {
        var count = inner.Read(buffer);
        Count += count;
        var read = buffer[..count];
        if (count >= Kept)
        {
            read[^Kept..].CopyTo(_tail);
        }
        else
        {
            _tail.AsSpan(count).CopyTo(_tail);
            read.CopyTo(_tail.AsSpan(Kept - count));
        }
        return count;
    }

    /// <summary>Reads on to the end; returns how many bytes were left.</summary>
    public long Finish()
    {
        var before = Count;
        Span<byte> piece = stackalloc byte[4096];
        while (Read(piece) > 0)
        {
            // Only to its end.
        }
        return Count - before;
    }

    public override bool CanRead => true;
    public override bool CanSeek => false;
    public override bool CanWrite => false;
    public override long Length => throw new NotSupportedException();
    public override long Position { get => Count; set => throw new NotSupportedException(); }
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void Flush()
    {
        // Nothing is written.
    }

    public override void SetLength(long value) => throw new NotSupportedException();
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
