using System.Globalization;
using System.Numerics;
using System.Runtime.InteropServices;
using Merlon.Kernel;

namespace Merlon.Gateway.Answers;

/// <summary>Writes the values of one output as JSON: floating-point numbers by their shortest text that reads back to the same bits.</summary>
internal static class ValueWriter
{
    /// <summary>Longest text of one value of any numeric type, and its comma.</summary>
    private const int LongestValue = 32;

    /// <summary>Values written between two looks at the room that is left.</summary>
    private const int Block = 128;

    /// <summary>False when a value has no JSON form: NaN, infinities, a boolean that is neither 0 nor 1, a type that JSON cannot carry.</summary>
    public static bool Write(ReadOnlySpan<byte> data, TensorType type, PooledBuffer to) => type switch
    {
        TensorType.Fp32 => WriteFloating<float>(data, to),
        TensorType.Fp64 => WriteFloating<double>(data, to),
        TensorType.Int64 => WriteWhole<long>(data, to),
        TensorType.Int32 => WriteWhole<int>(data, to),
        TensorType.Int16 => WriteWhole<short>(data, to),
        TensorType.Int8 => WriteWhole<sbyte>(data, to),
        TensorType.UInt64 => WriteWhole<ulong>(data, to),
        TensorType.UInt32 => WriteWhole<uint>(data, to),
        TensorType.UInt16 => WriteWhole<ushort>(data, to),
        TensorType.UInt8 => WriteWhole<byte>(data, to),
        TensorType.Bool => WriteBools(data, to),
        _ => false,
    };

    private static bool WriteFloating<T>(ReadOnlySpan<byte> data, PooledBuffer to) where T : unmanaged, IFloatingPointIeee754<T>
    {
        // x64 and arm64 are little-endian, as the layout is; the payload may start at any byte, so values are read unaligned.
        var size = Marshal.SizeOf<T>();
        for (var at = 0; at < data.Length; at += size)
        {
            if (!T.IsFinite(MemoryMarshal.Read<T>(data[at..])))
                return false;
        }
        WriteAll<T>(data, to);
        return true;
    }

    private static bool WriteWhole<T>(ReadOnlySpan<byte> data, PooledBuffer to) where T : unmanaged, IUtf8SpanFormattable
    {
        WriteAll<T>(data, to);
        return true;
    }

    private static void WriteAll<T>(ReadOnlySpan<byte> data, PooledBuffer to) where T : unmanaged, IUtf8SpanFormattable
    {
        var size = Marshal.SizeOf<T>();
        for (var at = 0; at < data.Length;)
        {
            var end = Math.Min(data.Length, at + Block * size);
            var room = to.GetSpan((end - at) / size * LongestValue);
            var used = 0;
            for (; at < end; at += size)
            {
                MemoryMarshal.Read<T>(data[at..]).TryFormat(room[used..], out var written, default, CultureInfo.InvariantCulture);
                used += written;
                if (at + size < data.Length)
                    room[used++] = (byte)',';
            }
            to.Advance(used);
        }
    }

    private static bool WriteBools(ReadOnlySpan<byte> data, PooledBuffer to)
    {
        for (var i = 0; i < data.Length; i++)
        {
            if (i > 0)
                to.WriteByte((byte)',');
            if (data[i] > 1)
                return false;
            to.Write(data[i] == 1 ? "true"u8 : "false"u8);
        }
        return true;
    }
}
