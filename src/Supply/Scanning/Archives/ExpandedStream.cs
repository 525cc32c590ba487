using Merlon.Scanning.Content;

namespace Merlon.Scanning.Archives;

/// <summary>Compressed content is damaged, or larger than allowed.</summary>
internal sealed class ExpandException(string message, Exception? cause = null) : Exception(message, cause);

/// <summary>What a decompressor gives, counted against what one file may grow to. Any failure of the decompressor is one kind of exception.</summary>
internal sealed class ExpandedStream(Stream decompressor, ContentScan scan, string location) : Stream
{
    private uint _a = 1, _b;

    public long Count { get; private set; }
    public System.IO.Hashing.Crc32 Crc { get; } = new();

    /// <summary>Adler-32 of what was given (RFC 1950).</summary>
    public uint Adler => (_b << 16) | _a;

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override int Read(Span<byte> buffer)
    {
        int count;
        try
        {
            count = decompressor.Read(buffer);
        }
        catch (Exception e) when (e is not (OutOfMemoryException or ExpandException))
        {
            throw new ExpandException("The compressed content is damaged.", e);
        }
        if (!scan.Expand(count, location))
            throw new ExpandException("The content grows too large.");
        Count += count;
        Crc.Append(buffer[..count]);
        AddAdler(buffer[..count]);
        return count;
    }

    /// <summary>Reads what the scanner of the content left.</summary>
    public void Drain()
    {
        var piece = new byte[64 * 1024];
        while (Read(piece) > 0)
        {
            // Only to its end.
        }
    }

    private void AddAdler(ReadOnlySpan<byte> bytes)
    {
        // 5552 is the most bytes whose sums fit 32 bits before the modulo.
        for (; !bytes.IsEmpty; bytes = bytes[Math.Min(5552, bytes.Length)..])
        {
            foreach (var value in bytes[..Math.Min(5552, bytes.Length)])
            {
                _a += value;
                _b += _a;
            }
            _a %= 65521;
            _b %= 65521;
        }
    }

    public override bool CanRead => true;
    public override bool CanSeek => false;
    public override bool CanWrite => false;
    public override long Length => throw new NotSupportedException();
    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void Flush()
    {
        // Nothing is written.
    }

    public override void SetLength(long value) => throw new NotSupportedException();
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
