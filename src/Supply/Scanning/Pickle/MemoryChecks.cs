using System.Globalization;

namespace Merlon.Scanning.Pickle;

/// <summary>Calls that take memory or time by a number in their arguments, where writers give the content itself.</summary>
internal static class MemoryChecks
{
    public static ArgumentCheck? For(string module, string name) => (module, name) switch
    {
        ("builtins" or "__builtin__", "range" or "xrange") => Range,
        ("builtins" or "__builtin__", "bytes" or "bytearray") => NotASize,
        ("numpy", "bytes_" or "void") => NotASize,
        ("builtins" or "__builtin__", "int" or "long") => PlainNumber,
        ("fractions", "Fraction") => WrittenOut,
        ("builtins" or "__builtin__" or "collections" or "array", _) => NotFromRange,
        _ => null,
    };

    private static string? Range(PickleValue arguments)
    {
        Int128 from, to, step = 1;
        switch (arguments.Items)
        {
            case [{ Number: { } end }]:
                (from, to) = (0, end);
                break;
            case [{ Number: { } begin }, { Number: { } end }]:
                (from, to) = (begin, end);
                break;
            case [{ Number: { } begin }, { Number: { } end }, { Number: { } by and not 0 }]:
                (from, to, step) = (begin, end, by);
                break;
            default:
                return "its bounds are no numbers";
        }
        // The sign of both: a range that runs away from its end is empty.
        return (to - from) / step <= Limits.RangeItems ? null : string.Create(CultureInfo.InvariantCulture, $"it has more than {Limits.RangeItems} items");
    }

    /// <summary>bytes(N) takes N bytes of memory, and so does bytes(range(N)).</summary>
    private static string? NotASize(PickleValue arguments) => arguments.Items switch
    {
        [] or [{ Kind: PickleKind.Bytes or PickleKind.Container }] or [{ Kind: PickleKind.Text }, { Kind: PickleKind.Text }] => null,
        [{ Content: PickleInstance { Type: { Module: "_codecs", Name: "encode" } } }] => null,
        _ => "its argument is neither bytes nor a text with its encoding",
    };

    /// <summary>int(Decimal('1e999999999')) has a billion digits.</summary>
    private static string? PlainNumber(PickleValue arguments) =>
        arguments.Items is { } items && Array.TrueForAll(items, i => i.Kind is PickleKind.Atom or PickleKind.Number or PickleKind.Text or PickleKind.Bytes)
            ? null
            : "its argument is no plain number or text";

    /// <summary>Fraction('1e999999999') has a billion digits; writers write numerator and denominator.</summary>
    private static string? WrittenOut(PickleValue arguments) => arguments.Items switch
    {
        [{ Text: { } text }] when !text.AsSpan().ContainsAnyExcept("0123456789/-") => null,
        [{ Kind: PickleKind.Atom or PickleKind.Number }] or [{ Kind: PickleKind.Atom or PickleKind.Number }, { Kind: PickleKind.Atom or PickleKind.Number }] => null,
        _ => "its numerator and denominator are not written out",
    };

    private static string? NotFromRange(PickleValue arguments) =>
        arguments.Items is not { } items ? "its arguments are those of something else"
        : Array.Exists(items, i => i.Content is PickleInstance { Type.Name: "range" or "xrange" }) ? "it makes a container from a range, where writers write the items"
        : null;
}
