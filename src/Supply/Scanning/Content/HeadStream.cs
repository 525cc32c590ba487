namespace Merlon.Scanning.Content;

/// <summary>Shows the first bytes of a stream without using them up. Seekable when the stream below is.</summary>
internal sealed class HeadStream : Stream
{
    private readonly Stream _inner;
    private readonly byte[] _head;
    private readonly long _origin;
    private int _given;

    public HeadStream(Stream inner, int bytes)
    {
        _inner = inner;
        _origin = inner.CanSeek ? inner.Position : 0;
        var head = new byte[inner.CanSeek ? (int)Math.Min(bytes, inner.Length - _origin) : bytes];
        var count = inner.ReadAtLeast(head, head.Length, throwOnEndOfStream: false);
        _head = count == head.Length ? head : head[..count];
        if (inner.CanSeek)
            inner.Position = _origin;
    }

    public ReadOnlySpan<byte> Head => _head;

    public override bool CanRead => true;
    public override bool CanSeek => _inner.CanSeek;
    public override bool CanWrite => false;
    public override long Length => _inner.Length - _origin;
    public override long Position { get => _inner.Position - _origin; set => _inner.Position = value + _origin; }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override int Read(Span<byte> buffer)
    {
        if (_inner.CanSeek || _given == _head.Length)
            return _inner.Read(buffer);
        var count = Math.Min(buffer.Length, _head.Length - _given);
        _head.AsSpan(_given, count).CopyTo(buffer);
        _given += count;
        return count;
    }

    public override long Seek(long offset, SeekOrigin origin) => origin switch
    {
        SeekOrigin.Begin => Position = offset,
        SeekOrigin.Current => Position += offset,
        _ => Position = Length + offset,
    };

    public override void Flush()
    {
        // Nothing is written.
    }

    public override void SetLength(long value) => throw new NotSupportedException();
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
