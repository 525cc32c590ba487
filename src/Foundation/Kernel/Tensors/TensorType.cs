namespace Merlon.Kernel;

/// <summary>Element types of the Open Inference Protocol v2, with the numbers used on the worker protocol.</summary>
public enum TensorType : byte
{
    Bool = 1,
    UInt8 = 2,
    UInt16 = 3,
    UInt32 = 4,
    UInt64 = 5,
    Int8 = 6,
    Int16 = 7,
    Int32 = 8,
    Int64 = 9,
    Fp16 = 10,
    Fp32 = 11,
    Fp64 = 12,
    Bytes = 13,
    Bf16 = 14,
}

public static class TensorTypes
{
    private static readonly string[] s_names =
        ["", "BOOL", "UINT8", "UINT16", "UINT32", "UINT64", "INT8", "INT16", "INT32", "INT64", "FP16", "FP32", "FP64", "BYTES", "BF16"];

    /// <summary>The protocol's name, as in <c>FP32</c>.</summary>
    public static string Name(this TensorType type) => s_names[(int)type];

    /// <summary>Bytes of one element; 0 for <see cref="TensorType.Bytes"/>, whose elements carry their own length.</summary>
    public static int ElementSize(this TensorType type) => type switch
    {
        TensorType.Bool or TensorType.UInt8 or TensorType.Int8 => 1,
        TensorType.UInt16 or TensorType.Int16 or TensorType.Fp16 or TensorType.Bf16 => 2,
        TensorType.UInt32 or TensorType.Int32 or TensorType.Fp32 => 4,
        TensorType.UInt64 or TensorType.Int64 or TensorType.Fp64 => 8,
        _ => 0,
    };

    public static bool TryParse(ReadOnlySpan<byte> utf8, out TensorType type)
    {
        for (var i = 1; i < s_names.Length; i++)
        {
            if (System.Text.Ascii.Equals(utf8, s_names[i]))
            {
                type = (TensorType)i;
                return true;
            }
        }
        type = default;
        return false;
    }

    public static bool TryParse(string? name, out TensorType type)
    {
        var index = name is null ? -1 : Array.IndexOf(s_names, name, 1);
        type = index > 0 ? (TensorType)index : default;
        return index > 0;
    }
}
