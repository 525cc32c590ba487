using System.Globalization;
using System.Text;

namespace Merlon.Scanning.Numpy;

/// <summary>The header of a .npy file is not one that NumPy writes.</summary>
internal sealed class ArrayHeaderException(string message) : Exception(message);

/// <summary>
/// The header of a .npy file: a Python dictionary of literals with exactly <c>descr</c>, <c>fortran_order</c> and <c>shape</c>. Source: NumPy
/// enhancement proposal 1 and numpy/lib/format.py.
/// </summary>
/// <param name="ItemBytes">Bytes of one element.</param>
/// <param name="HasObjects">True when elements are Python objects: a pickle follows instead of numbers.</param>
internal sealed record ArrayHeader(long Items, long ItemBytes, bool HasObjects)
{
    public static ArrayHeader Parse(ReadOnlySpan<byte> bytes)
    {
        var parser = new LiteralParser(Encoding.Latin1.GetString(bytes));
        var fields = parser.ReadDictionary();
        if (fields.Count != 3 || !fields.TryGetValue("descr", out var descr) || fields.GetValueOrDefault("fortran_order") is not bool
            || fields.GetValueOrDefault("shape") is not List<object> shape)
            throw new ArrayHeaderException("The header does not have exactly descr, fortran_order and shape.");
        var (size, objects) = ElementType(descr, 0);
        return new ArrayHeader(Product(shape), size, objects);
    }

    private static long Product(List<object> shape)
    {
        if (shape.Count > Limits.Dimensions)
            throw new ArrayHeaderException($"The array has more than {Limits.Dimensions} dimensions.");
        long items = 1;
        foreach (var dimension in shape)
        {
            if (dimension is not long length || length < 0 || (length > 0 && items > long.MaxValue / 16 / length))
                throw new ArrayHeaderException("A dimension is negative, no number, or the array is larger than any file.");
            items *= length;
        }
        return items;
    }

    /// <summary>Bytes of an element of this type, and whether Python objects are in it.</summary>
    internal static (long Bytes, bool Objects) ElementType(object? descr, int depth)
    {
        if (depth > Limits.Depth)
            throw new ArrayHeaderException("Record types are nested too deep.");
        return descr switch
        {
            string text => SimpleType(text),
            List<object> fields when fields.Count > 0 && fields.TrueForAll(f => f is List<object>) => RecordType(fields, depth),
            _ => throw new ArrayHeaderException("The element type is not understood."),
        };
    }

    private static (long, bool) RecordType(List<object> fields, int depth)
    {
        long bytes = 0;
        var objects = false;
        foreach (List<object> field in fields.Cast<List<object>>())
        {
            if (field.Count is < 2 or > 3)
                throw new ArrayHeaderException("A field of a record type is not understood.");
            var (size, hasObjects) = ElementType(field[1], depth + 1);
            var count = field.Count == 3 ? field[2] is List<object> shape ? Product(shape) : field[2] is long n and > 0 ? n : throw new ArrayHeaderException("The shape of a field is not understood.") : 1;
            bytes = checked(bytes + (size * count));
            objects |= hasObjects;
        }
        return (bytes, objects);
    }

    private static (long, bool) SimpleType(string text)
    {
        var at = text.Length > 0 && text[0] is '<' or '>' or '|' or '=' ? 1 : 0;
        if (text.Length <= at)
            throw new ArrayHeaderException("The element type is empty.");
        var kind = text[at];
        var rest = text.AsSpan(at + 1);
        var unit = rest.IndexOf('[');
        if (kind is 'M' or 'm' && unit >= 0 && rest[^1] == ']')
            rest = rest[..unit];
        if (kind == 'O')
            return (8, true);
        if (!int.TryParse(rest, NumberStyles.None, CultureInfo.InvariantCulture, out var size) || size > 1 << 24)
            throw new ArrayHeaderException("The element type is not understood.");
        return kind switch
        {
            'b' or 'i' or 'u' or 'f' or 'c' or '?' when size is 1 or 2 or 4 or 8 or 12 or 16 or 24 or 32 => (size, false),
            'M' or 'm' when size == 8 => (size, false),
            'S' or 'a' or 'V' => (size, false),
            'U' => (4L * size, false),
            _ => throw new ArrayHeaderException("The element type is not understood."),
        };
    }
}
