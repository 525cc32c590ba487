using Merlon.Kernel;

namespace Merlon.Onnx.Native;

/// <summary>ONNX element types (TensorProto.DataType numbers) and the protocol's.</summary>
internal static class ElementTypes
{
    public const int String = 8;

    /// <summary>The protocol's type, or null when Merlon does not serve it (complex numbers, 8-bit floats, 4-bit integers).</summary>
    public static TensorType? FromOnnx(int type) => type switch
    {
        1 => TensorType.Fp32,
        2 => TensorType.UInt8,
        3 => TensorType.Int8,
        4 => TensorType.UInt16,
        5 => TensorType.Int16,
        6 => TensorType.Int32,
        7 => TensorType.Int64,
        String => TensorType.Bytes,
        9 => TensorType.Bool,
        10 => TensorType.Fp16,
        11 => TensorType.Fp64,
        12 => TensorType.UInt32,
        13 => TensorType.UInt64,
        16 => TensorType.Bf16,
        _ => null,
    };

    public static int ToOnnx(TensorType type) => type switch
    {
        TensorType.Fp32 => 1,
        TensorType.UInt8 => 2,
        TensorType.Int8 => 3,
        TensorType.UInt16 => 4,
        TensorType.Int16 => 5,
        TensorType.Int32 => 6,
        TensorType.Int64 => 7,
        TensorType.Bytes => String,
        TensorType.Bool => 9,
        TensorType.Fp16 => 10,
        TensorType.Fp64 => 11,
        TensorType.UInt32 => 12,
        TensorType.UInt64 => 13,
        TensorType.Bf16 => 16,
        _ => throw new ArgumentOutOfRangeException(nameof(type)),
    };
}
