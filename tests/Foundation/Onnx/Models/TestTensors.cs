using System.Buffers.Binary;
using System.Text;
using System.Text.Json;
using Merlon.Kernel;

namespace Merlon.Onnx.Tests.Models;

/// <summary>Test tensors as the bytes of the worker protocol, and back.</summary>
public static class TestTensors
{
    public static byte[] ToBytes(TestTensor tensor)
    {
        Assert.True(TensorTypes.TryParse(tensor.Type, out var type));
        return [.. tensor.Data.SelectMany(value => ToBytes(type, value))];
    }

    /// <summary>Compares numbers within 1e-5 (absolute or relative), everything else exactly.</summary>
    public static void AssertEqual(TestTensor expected, TensorType type, ReadOnlySpan<long> shape, ReadOnlySpan<byte> data)
    {
        Assert.Equal(expected.Type, type.Name());
        Assert.Equal(expected.Shape, shape.ToArray());
        if (type is not (TensorType.Fp32 or TensorType.Fp64))
        {
            Assert.Equal(ToBytes(expected), data.ToArray());
            return;
        }
        Assert.Equal(expected.Data.Length * type.ElementSize(), data.Length);
        for (var i = 0; i < expected.Data.Length; i++)
        {
            var want = expected.Data[i].GetDouble();
            var got = type == TensorType.Fp32
                ? BinaryPrimitives.ReadSingleLittleEndian(data[(4 * i)..])
                : BinaryPrimitives.ReadDoubleLittleEndian(data[(8 * i)..]);
            Assert.True(Math.Abs(got - want) <= 1e-5 * Math.Max(1, Math.Abs(want)), $"{expected.Name}[{i}]: expected {want}, got {got}");
        }
    }

    private static byte[] ToBytes(TensorType type, JsonElement value) => type switch
    {
        TensorType.Fp32 => BitConverter.GetBytes((float)value.GetDouble()),
        TensorType.Fp64 => BitConverter.GetBytes(value.GetDouble()),
        TensorType.Int64 => BitConverter.GetBytes(value.GetInt64()),
        TensorType.Int32 => BitConverter.GetBytes(value.GetInt32()),
        TensorType.UInt8 => [value.GetByte()],
        TensorType.Bool => [value.GetBoolean() ? (byte)1 : (byte)0],
        TensorType.Bytes => [.. BitConverter.GetBytes(Encoding.UTF8.GetByteCount(value.GetString()!)), .. Encoding.UTF8.GetBytes(value.GetString()!)],
        _ => throw new ArgumentOutOfRangeException(nameof(type)),
    };
}
