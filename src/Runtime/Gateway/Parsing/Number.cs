using System.Buffers.Text;
using Merlon.Kernel;

namespace Merlon.Gateway.Parsing;

/// <summary>
/// JSON numbers to IEEE 754, correctly rounded. The short way is exact by Clinger's argument ("How to read floating point numbers accurately", 1990):
/// a significand below 2^53 times or over a power of ten up to 10^22 rounds once. Everything else takes the framework's way.
/// The text must already be a valid JSON number.
/// </summary>
internal static class Number
{
    private const ulong ExactSignificand = 1UL << 53;

    private static readonly double[] s_powers =
    [
        1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
    ];

    /// <summary>The nearest double; infinite when the number is beyond the largest.</summary>
    public static double ToDouble(ReadOnlySpan<byte> text)
    {
        if (TryShort(text, out var value))
            return value;
        if (!Utf8Parser.TryParse(text, out value, out var consumed) || consumed != text.Length)
            throw new FormatException("Not a JSON number.");
        return value;
    }

    /// <summary>The nearest float to the text, given the nearest double to the same text.</summary>
    public static float ToSingle(ReadOnlySpan<byte> text, double nearest)
    {
        const double smallestNormal = 1.17549435082228750797e-38;
        // Rounding twice errs only where the first result lies half way between two floats (and among subnormals, where the half lies elsewhere).
        var ambiguous = (BitConverter.DoubleToUInt64Bits(nearest) & 0x1FFF_FFFF) == 0x1000_0000 || (Math.Abs(nearest) < smallestNormal && nearest != 0);
        if (!ambiguous)
            return (float)nearest;
        if (!Utf8Parser.TryParse(text, out float value, out var consumed) || consumed != text.Length)
            throw new FormatException("Not a JSON number.");
        return value;
    }

    /// <summary>True when the number has the form and size of the type, whatever its bounds. Off the hot path.</summary>
    public static bool IsWithinType(ReadOnlySpan<byte> text, TensorType type)
    {
        switch (type)
        {
            case TensorType.Fp64:
                return double.IsFinite(ToDouble(text));
            case TensorType.Fp32:
                return float.IsFinite(ToSingle(text, ToDouble(text)));
            case TensorType.UInt64:
                return Utf8Parser.TryParse(text, out ulong _, out var consumed) && consumed == text.Length;
            default:
                var bits = 8 * type.ElementSize();
                var signed = type is TensorType.Int8 or TensorType.Int16 or TensorType.Int32 or TensorType.Int64;
                var low = signed ? long.MinValue >> (64 - bits) : 0;
                var high = signed ? long.MaxValue >> (64 - bits) : (1L << bits) - 1;
                return Utf8Parser.TryParse(text, out long value, out consumed) && consumed == text.Length && value >= low && value <= high;
        }
    }

    private static bool TryShort(ReadOnlySpan<byte> text, out double value)
    {
        value = 0;
        var negative = text[0] == (byte)'-';
        var position = negative ? 1 : 0;
        // 19 characters of digits cannot overflow 64 bits; longer numbers are rare.
        if (text.Length - position > 20)
            return false;
        ulong significand = 0;
        var fraction = 0;
        var seenPoint = false;
        for (; position < text.Length; position++)
        {
            var digit = (uint)(text[position] - '0');
            if (digit <= 9)
            {
                significand = significand * 10 + digit;
                if (seenPoint)
                    fraction++;
            }
            else if (text[position] == (byte)'.')
            {
                seenPoint = true;
            }
            else
            {
                return false;
            }
        }
        // Twenty digits without a point could wrap around.
        if (significand >= ExactSignificand || (text.Length - (negative ? 1 : 0) == 20 && !seenPoint))
            return false;
        value = (double)significand / s_powers[fraction];
        if (negative)
            value = -value;
        return true;
    }
}
