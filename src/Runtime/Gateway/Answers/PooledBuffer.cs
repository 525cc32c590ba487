using System.Buffers;

namespace Merlon.Gateway.Answers;

/// <summary>A growing buffer on pooled memory, reused from call to call. Not thread-safe.</summary>
internal sealed class PooledBuffer(int most) : IBufferWriter<byte>, IDisposable
{
    private const int Kept = 64 * 1024;
    private byte[] _buffer = [];

    public int Length { get; private set; }
    public ReadOnlyMemory<byte> Memory => _buffer.AsMemory(0, Length);
    public ReadOnlySpan<byte> Span => _buffer.AsSpan(0, Length);

    public void Write(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(GetSpan(bytes.Length));
        Length += bytes.Length;
    }

    public void WriteByte(byte value)
    {
        if (Length == _buffer.Length)
            Grow(1);
        _buffer[Length++] = value;
    }

    public void Advance(int count)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)count, (uint)(_buffer.Length - Length));
        Length += count;
    }

    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        Grow(Math.Max(sizeHint, 1));
        return _buffer.AsMemory(Length);
    }

    public Span<byte> GetSpan(int sizeHint = 0)
    {
        Grow(Math.Max(sizeHint, 1));
        return _buffer.AsSpan(Length);
    }

    /// <summary>Empties the buffer; a large one goes back to the pool.</summary>
    public void Reset()
    {
        Length = 0;
        if (_buffer.Length > Kept)
            Dispose();
    }

    public void Dispose()
    {
        var buffer = _buffer;
        _buffer = [];
        Length = 0;
        if (buffer.Length > 0)
            ArrayPool<byte>.Shared.Return(buffer);
    }

    private void Grow(int more)
    {
        if (more <= _buffer.Length - Length)
            return;
        if (more > most - Length)
            throw new BufferFullException();
        var larger = ArrayPool<byte>.Shared.Rent((int)Math.Min(Math.Max(2L * _buffer.Length, Math.Max(4096, (long)Length + more)), most));
        _buffer.AsSpan(0, Length).CopyTo(larger);
        if (_buffer.Length > 0)
            ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = larger;
    }
}

/// <summary>More was written than the buffer's bound allows.</summary>
internal sealed class BufferFullException() : InvalidOperationException("The buffer's bound is reached.");
