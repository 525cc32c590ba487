using System.Buffers;
using System.Buffers.Binary;

namespace Merlon.Scanning.Pickle;

/// <summary>The stream ended inside a pickle.</summary>
internal sealed class PickleEndException(ulong missing) : IOException("The pickle ends in the middle.")
{
    /// <summary>Bytes that were still asked for, at least.</summary>
    public ulong Missing { get; } = missing;
}

/// <summary>Reads forward through a stream with one buffer; knows where it is.</summary>
internal sealed class PickleReader(Stream stream) : IDisposable
{
    private const int BufferSize = 256 * 1024;

    private byte[] _buffer = ArrayPool<byte>.Shared.Rent(BufferSize);
    private int _at;
    private int _end;
    private long _base;

    /// <summary>Bytes used so far.</summary>
    public long Position => _base + _at;

    public bool AtEnd => _at == _end && !Fill();

    /// <summary>What is buffered, for the machine's inner loop. Give back with <see cref="Advance"/>.</summary>
    public ReadOnlySpan<byte> Buffered => _buffer.AsSpan(_at, _end - _at);

    public void Advance(int count) => _at += count;

    public byte ReadByte()
    {
        if (_at == _end && !Fill())
            throw new PickleEndException(1);
        return _buffer[_at++];
    }

    /// <summary>The next bytes, up to <see cref="BufferSize"/> of them; valid until the next read.</summary>
    public ReadOnlySpan<byte> Read(int count)
    {
        Require(count);
        var span = _buffer.AsSpan(_at, count);
        _at += count;
        return span;
    }

    /// <summary>Up to that many of the next bytes, which are read again afterwards.</summary>
    public ReadOnlySpan<byte> Peek(int count)
    {
        TryRequire(count);
        return _buffer.AsSpan(_at, Math.Min(count, _end - _at));
    }

    public ulong ReadUInt64() => BinaryPrimitives.ReadUInt64LittleEndian(Read(8));
    public uint ReadUInt32() => BinaryPrimitives.ReadUInt32LittleEndian(Read(4));
    public int ReadInt32() => BinaryPrimitives.ReadInt32LittleEndian(Read(4));
    public ushort ReadUInt16() => BinaryPrimitives.ReadUInt16LittleEndian(Read(2));

    /// <summary>Passes over bytes that carry data only.</summary>
    public void Skip(ulong count)
    {
        while (count > 0)
        {
            if (_at == _end && !Fill())
                throw new PickleEndException(count);
            var here = (int)Math.Min(count, (ulong)(_end - _at));
            _at += here;
            count -= (ulong)here;
        }
    }

    /// <summary>The bytes up to the next line feed, which is used up; null when there are more than <paramref name="kept"/> of them (all are used up).</summary>
    public byte[]? ReadLine(int kept)
    {
        var line = new ArrayBufferWriter<byte>();
        var over = false;
        while (true)
        {
            if (_at == _end && !Fill())
                throw new PickleEndException(1);
            var rest = _buffer.AsSpan(_at, _end - _at);
            var end = rest.IndexOf((byte)'\n');
            var part = end < 0 ? rest : rest[..end];
            over |= line.WrittenCount + part.Length > kept;
            if (!over)
                line.Write(part);
            _at += part.Length;
            if (end < 0)
                continue;
            _at++;
            return over ? null : line.WrittenSpan.ToArray();
        }
    }

    /// <summary>Makes at least <paramref name="count"/> bytes of the buffer readable. False at the end of the stream.</summary>
    private bool TryRequire(int count)
    {
        if (_end - _at >= count)
            return true;
        _buffer.AsSpan(_at, _end - _at).CopyTo(_buffer);
        _base += _at;
        _end -= _at;
        _at = 0;
        while (_end < count)
        {
            var read = stream.Read(_buffer, _end, _buffer.Length - _end);
            if (read == 0)
                return false;
            _end += read;
        }
        return true;
    }

    private void Require(int count)
    {
        if (!TryRequire(count))
            throw new PickleEndException((ulong)(count - (_end - _at)));
    }

    private bool Fill()
    {
        _base += _end;
        _at = 0;
        _end = stream.Read(_buffer, 0, _buffer.Length);
        return _end > 0;
    }

    public void Dispose()
    {
        ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = [];
    }
}
