namespace Merlon.App.Backup;

/// <summary>A stream without its first bytes: what reads and writes it sees them not.</summary>
internal sealed class OffsetStream(Stream inner, long offset) : Stream
{
    public override bool CanRead => inner.CanRead;
    public override bool CanSeek => inner.CanSeek;
    public override bool CanWrite => inner.CanWrite;
    public override long Length => inner.Length - offset;
    public override long Position { get => inner.Position - offset; set => inner.Position = value + offset; }

    public override void Flush() => inner.Flush();
    public override int Read(byte[] buffer, int start, int count) => inner.Read(buffer, start, count);
    public override int Read(Span<byte> buffer) => inner.Read(buffer);
    public override long Seek(long distance, SeekOrigin origin) => (origin == SeekOrigin.Begin ? inner.Seek(distance + offset, origin) : inner.Seek(distance, origin)) - offset;
    public override void SetLength(long value) => inner.SetLength(value + offset);
    public override void Write(byte[] buffer, int start, int count) => inner.Write(buffer, start, count);
    public override void Write(ReadOnlySpan<byte> buffer) => inner.Write(buffer);
}

/// <summary>The first bytes of a file that may grow meanwhile. Seekable, because an archive that is written in one pass asks for the length beforehand.</summary>
internal sealed class BoundedStream(Stream inner, long length) : Stream
{
    private long _position = inner.Position;

    public override bool CanRead => true;
    public override bool CanSeek => true;
    public override bool CanWrite => false;
    public override long Length => length;
    public override long Position { get => _position; set => Seek(value, SeekOrigin.Begin); }

    public override int Read(Span<byte> buffer)
    {
        var read = inner.Read(buffer[..(int)Math.Min(buffer.Length, length - _position)]);
        _position += read;
        return read;
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var read = await inner.ReadAsync(buffer[..(int)Math.Min(buffer.Length, length - _position)], cancellationToken);
        _position += read;
        return read;
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override void Flush()
    {
        // Nothing is written.
    }

    public override long Seek(long offset, SeekOrigin origin)
    {
        var target = offset + origin switch { SeekOrigin.Begin => 0, SeekOrigin.Current => _position, _ => length };
        ArgumentOutOfRangeException.ThrowIfNegative(target, nameof(offset));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(target, length, nameof(offset));
        return _position = inner.Seek(target, SeekOrigin.Begin);
    }

    public override void SetLength(long value) => throw new NotSupportedException();
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
