using System.Buffers.Binary;
using Merlon.Kernel;
using Merlon.Sandbox.Contracts;

namespace Merlon.Sandbox.Protocol;

/// <summary>Shape and data must agree: a tensor whose shape claims more than its bytes would read another call's memory.</summary>
internal static class TensorShape
{
    /// <summary>Product of little-endian i64 dimensions.</summary>
    /// <exception cref="WorkerProtocolException">A dimension is negative or too large, or the product does not fit a frame.</exception>
    public static long CountElements(ReadOnlySpan<byte> dimensions)
    {
        long product = 1;
        var empty = false;
        for (var offset = 0; offset < dimensions.Length; offset += sizeof(long))
        {
            var dimension = BinaryPrimitives.ReadInt64LittleEndian(dimensions[offset..]);
            if (dimension is < 0 or > Limits.MaxDimension)
                throw new WorkerProtocolException($"Dimension {dimension} is out of range.");
            // A zero elsewhere may not hide an overflow: the runtime multiplies in its own order.
            if (dimension == 0)
                empty = true;
            else if ((product *= dimension) > Limits.MaxFrame)
                throw new WorkerProtocolException("The shape has more elements than a frame can hold.");
        }
        return empty ? 0 : product;
    }

    /// <exception cref="WorkerProtocolException">The bytes are not exactly what type and element count ask for.</exception>
    public static void CheckData(TensorType type, long elements, ReadOnlySpan<byte> data)
    {
        var size = type.ElementSize();
        if (size != 0)
        {
            if (elements * size != data.Length)
                throw new WorkerProtocolException($"The shape asks for {elements * size} bytes; {data.Length} are there.");
            return;
        }
        for (long i = 0; i < elements; i++)
        {
            if (data.Length < sizeof(uint))
                throw new WorkerProtocolException($"The shape asks for {elements} BYTES elements; the data ends at element {i}.");
            var length = BinaryPrimitives.ReadUInt32LittleEndian(data);
            if (length > data.Length - sizeof(uint))
                throw new WorkerProtocolException($"BYTES element {i} announces {length} bytes; {data.Length - sizeof(uint)} are left.");
            data = data[(sizeof(uint) + (int)length)..];
        }
        if (!data.IsEmpty)
            throw new WorkerProtocolException($"{data.Length} bytes stand after the last BYTES element.");
    }
}
