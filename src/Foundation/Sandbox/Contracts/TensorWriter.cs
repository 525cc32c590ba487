using System.Buffers;
using System.Buffers.Binary;
using Merlon.Kernel;
using Merlon.Sandbox.Protocol;

namespace Merlon.Sandbox.Contracts;

/// <summary>
/// Builds a <c>tensors</c> payload in one pooled buffer: <see cref="BeginTensor"/>, data through <see cref="IBufferWriter{T}"/>,
/// <see cref="EndTensor"/>, and for a request <see cref="WriteOutputs"/> last. <see cref="Reset"/> makes it ready for the next call. Not thread-safe.
/// </summary>
public sealed class TensorWriter : IBufferWriter<byte>, IDisposable
{
    private byte[] _buffer;
    private int _length;
    private int _count;
    private int _sizeAt = -1;
    private int _shapeAt = -1;
    private TensorType _type;

    public TensorWriter(int capacity = 4096)
    {
        _buffer = ArrayPool<byte>.Shared.Rent(capacity);
        Reset();
    }

    /// <summary>The payload so far. Valid until the next write, reset or dispose.</summary>
    public ReadOnlyMemory<byte> Payload => _buffer.AsMemory(0, _length);

    /// <summary>Bytes of the pooled buffer held at present, so that a pool of writers can let go of large ones.</summary>
    public int Capacity => _buffer.Length;

    public void Reset()
    {
        _length = sizeof(ushort);
        _count = 0;
        _sizeAt = -1;
        _buffer.AsSpan(0, sizeof(ushort)).Clear();
    }

    /// <summary>Starts a tensor. Its shape may be replaced by <see cref="SetDimension"/> until <see cref="EndTensor"/>.</summary>
    public void BeginTensor(int index, TensorType type, ReadOnlySpan<long> shape)
    {
        if (_sizeAt >= 0)
            throw new InvalidOperationException("The previous tensor has not ended.");
        if (shape.Length > Limits.MaxRank)
            throw new WorkerProtocolException($"A tensor has {shape.Length} dimensions; allowed are {Limits.MaxRank}.");
        if (_count == Limits.MaxTensors)
            throw new WorkerProtocolException($"A payload has at most {Limits.MaxTensors} tensors.");
        var header = GetSpan(4 + shape.Length * sizeof(long) + sizeof(uint));
        BinaryPrimitives.WriteUInt16LittleEndian(header, checked((ushort)index));
        header[2] = (byte)type;
        header[3] = (byte)shape.Length;
        for (var axis = 0; axis < shape.Length; axis++)
            BinaryPrimitives.WriteInt64LittleEndian(header[(4 + axis * sizeof(long))..], shape[axis]);
        _type = type;
        _shapeAt = _length + 4;
        _sizeAt = _shapeAt + shape.Length * sizeof(long);
        _length = _sizeAt + sizeof(uint);
        BinaryPrimitives.WriteUInt16LittleEndian(_buffer, (ushort)++_count);
    }

    /// <summary>Replaces one dimension of the tensor being written, for a parser that learns the batch size only from the data.</summary>
    public void SetDimension(int axis, long value)
    {
        if (_sizeAt < 0 || (uint)axis >= (_sizeAt - _shapeAt) / sizeof(long))
            throw new InvalidOperationException("No tensor with that dimension is being written.");
        BinaryPrimitives.WriteInt64LittleEndian(_buffer.AsSpan(_shapeAt + axis * sizeof(long)), value);
    }

    /// <summary>Ends the tensor.</summary>
    /// <exception cref="WorkerProtocolException">Shape and written data disagree: such a payload is never sent.</exception>
    public void EndTensor()
    {
        if (_sizeAt < 0)
            throw new InvalidOperationException("No tensor is being written.");
        var dataAt = _sizeAt + sizeof(uint);
        var elements = TensorShape.CountElements(_buffer.AsSpan(_shapeAt, _sizeAt - _shapeAt));
        TensorShape.CheckData(_type, elements, _buffer.AsSpan(dataAt, _length - dataAt));
        BinaryPrimitives.WriteUInt32LittleEndian(_buffer.AsSpan(_sizeAt), (uint)(_length - dataAt));
        _sizeAt = -1;
    }

    /// <summary>A whole tensor whose bytes are at hand.</summary>
    public void WriteTensor(int index, TensorType type, ReadOnlySpan<long> shape, ReadOnlySpan<byte> data)
    {
        BeginTensor(index, type, shape);
        this.Write(data);
        EndTensor();
    }

    /// <summary>One element of a BYTES tensor: u32 length + bytes.</summary>
    public void WriteBytesElement(ReadOnlySpan<byte> value) => value.CopyTo(BeginBytesElement(value.Length));

    /// <summary>Room for one element of a BYTES tensor, to be filled before the next write.</summary>
    public Span<byte> BeginBytesElement(int length)
    {
        var span = GetSpan(checked(sizeof(uint) + length));
        BinaryPrimitives.WriteUInt32LittleEndian(span, (uint)length);
        _length += sizeof(uint) + length;
        return span.Slice(sizeof(uint), length);
    }

    /// <summary>The end of a request: which outputs are wanted; none means all.</summary>
    public void WriteOutputs(ReadOnlySpan<ushort> outputs)
    {
        var span = GetSpan(sizeof(ushort) * (outputs.Length + 1));
        BinaryPrimitives.WriteUInt16LittleEndian(span, checked((ushort)outputs.Length));
        for (var i = 0; i < outputs.Length; i++)
            BinaryPrimitives.WriteUInt16LittleEndian(span[((i + 1) * sizeof(ushort))..], outputs[i]);
        _length += sizeof(ushort) * (outputs.Length + 1);
    }

    public void Advance(int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, _buffer.Length - _length);
        _length += count;
    }

    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        Grow(Math.Max(sizeHint, 1));
        return _buffer.AsMemory(_length);
    }

    public Span<byte> GetSpan(int sizeHint = 0)
    {
        Grow(Math.Max(sizeHint, 1));
        return _buffer.AsSpan(_length);
    }

    public void Dispose()
    {
        var buffer = _buffer;
        _buffer = [];
        _length = 0;
        if (buffer.Length > 0)
            ArrayPool<byte>.Shared.Return(buffer);
    }

    private void Grow(int more)
    {
        ObjectDisposedException.ThrowIf(_buffer.Length == 0, this);
        if (more > Limits.MaxPayload - _length)
            throw new WorkerProtocolException($"A payload has at most {Limits.MaxPayload} bytes.");
        if (more <= _buffer.Length - _length)
            return;
        var larger = ArrayPool<byte>.Shared.Rent((int)Math.Min(Math.Max(2L * _buffer.Length, (long)_length + more), Limits.MaxPayload));
        _buffer.AsSpan(0, _length).CopyTo(larger);
        ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = larger;
    }
}
