using System.Buffers.Binary;
using Merlon.Kernel;
using Merlon.Sandbox.Protocol;

namespace Merlon.Sandbox.Contracts;

/// <summary>One tensor inside a payload: nothing is copied, so it lives only as long as the payload.</summary>
public readonly ref struct TensorView
{
    private readonly ReadOnlySpan<byte> _dimensions;

    internal TensorView(ushort index, TensorType type, ReadOnlySpan<byte> dimensions, long elements, ReadOnlySpan<byte> data)
    {
        Index = index;
        Type = type;
        _dimensions = dimensions;
        ElementCount = elements;
        Data = data;
    }

    /// <summary>Position in the model's list of inputs or outputs.</summary>
    public ushort Index { get; }
    public TensorType Type { get; }
    public int Rank => _dimensions.Length / sizeof(long);

    /// <summary>Product of the dimensions; 1 for a scalar.</summary>
    public long ElementCount { get; }

    /// <summary>Row-major, little-endian. Exactly the bytes the shape asks for; BYTES elements are u32 length + bytes and are already checked to fit.</summary>
    public ReadOnlySpan<byte> Data { get; }

    public long Dimension(int axis) => BinaryPrimitives.ReadInt64LittleEndian(_dimensions.Slice(axis * sizeof(long), sizeof(long)));

    /// <summary>Writes the dimensions to <paramref name="destination"/>, which has room for <see cref="Rank"/>, and returns them.</summary>
    public ReadOnlySpan<long> CopyShape(Span<long> destination)
    {
        for (var axis = 0; axis < Rank; axis++)
            destination[axis] = Dimension(axis);
        return destination[..Rank];
    }
}

/// <summary>
/// Reads a <c>tensors</c> payload and, for requests, the <c>outputs</c> after it. Every length is checked before it is used: shape against data,
/// the product of dimensions against overflow, BYTES elements against their tensor.
/// </summary>
/// <exception cref="WorkerProtocolException">Thrown by every method on a payload that is not exactly well formed.</exception>
public ref struct TensorReader
{
    private readonly ReadOnlySpan<byte> _payload;
    private int _position;
    private int _remaining;

    public TensorReader(ReadOnlySpan<byte> payload)
    {
        _payload = payload;
        Count = ReadUInt16();
        if (Count > Limits.MaxTensors)
            throw new WorkerProtocolException($"A payload has {Count} tensors; allowed are {Limits.MaxTensors}.");
        _remaining = Count;
    }

    public int Count { get; }

    /// <summary>The next tensor, or false after the last.</summary>
    public bool TryNext(out TensorView tensor)
    {
        tensor = default;
        if (_remaining == 0)
            return false;
        _remaining--;

        var index = ReadUInt16();
        var header = Take(2);
        var type = (TensorType)header[0];
        if (type is < TensorType.Bool or > TensorType.Bf16)
            throw new WorkerProtocolException($"Tensor type {header[0]} is unknown.");
        int rank = header[1];
        if (rank > Limits.MaxRank)
            throw new WorkerProtocolException($"A tensor has {rank} dimensions; allowed are {Limits.MaxRank}.");
        var dimensions = Take(rank * sizeof(long));
        var elements = TensorShape.CountElements(dimensions);
        var data = Take(ReadLength());
        TensorShape.CheckData(type, elements, data);
        tensor = new TensorView(index, type, dimensions, elements, data);
        return true;
    }

    /// <summary>The end of an answer: no tensor and no byte may be left.</summary>
    public readonly void End()
    {
        if (_remaining != 0 || _position != _payload.Length)
            throw new WorkerProtocolException($"{_payload.Length - _position} bytes stand after the last tensor.");
    }

    /// <summary>The requested outputs after the last tensor of a request; the number of indices written to <paramref name="outputs"/>, 0 for all.</summary>
    public int ReadOutputs(scoped Span<ushort> outputs)
    {
        if (_remaining != 0)
            throw new InvalidOperationException("Outputs stand after the last tensor.");
        var count = ReadUInt16();
        if (count > outputs.Length)
            throw new WorkerProtocolException($"{count} outputs are requested; the model has {outputs.Length}.");
        for (var i = 0; i < count; i++)
            outputs[i] = ReadUInt16();
        End();
        return count;
    }

    private ushort ReadUInt16() => BinaryPrimitives.ReadUInt16LittleEndian(Take(sizeof(ushort)));

    private int ReadLength()
    {
        var length = BinaryPrimitives.ReadUInt32LittleEndian(Take(sizeof(uint)));
        return length <= Limits.MaxPayload
            ? (int)length
            : throw new WorkerProtocolException($"A tensor announces {length} bytes; allowed are {Limits.MaxPayload}.");
    }

    private ReadOnlySpan<byte> Take(int count)
    {
        if (count > _payload.Length - _position)
            throw new WorkerProtocolException($"The payload ends at byte {_payload.Length}; {count} bytes were to follow byte {_position}.");
        var taken = _payload.Slice(_position, count);
        _position += count;
        return taken;
    }
}
