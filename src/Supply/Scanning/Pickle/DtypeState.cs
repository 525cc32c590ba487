using System.Globalization;

namespace Merlon.Scanning.Pickle;

/// <summary>
/// Holds the state that BUILD gives to a <c>numpy.dtype</c> against what NumPy itself writes for that type text. NumPy believes the state: with other
/// flags, sizes or offsets it takes raw bytes for pointers, or reads outside of its memory. Source: NumPy, descriptor.c, arraydescr_reduce.
/// </summary>
internal static class DtypeState
{
    private const long ObjectFlags = 63;

    /// <summary>REFCOUNT, LIST_PICKLE, NEEDS_INIT, NEEDS_PYAPI: what a record has from fields that hold objects.</summary>
    private const long RecordObjectFlags = 27;

    /// <summary>ALIGNED_STRUCT; the flags are a signed byte, so it may come out negative.</summary>
    private const long AlignedFlag = 128;

    /// <summary>NEEDS_INIT and NEEDS_PYAPI, which versions of NumPy set or not on texts and records.</summary>
    private const long HarmlessFlags = 8 | 16;

    /// <summary>What a state says, once it was found to be NumPy's own.</summary>
    /// <param name="Bytes">Bytes of one element.</param>
    /// <param name="HasObjects">Whether Python objects are in it.</param>
    internal sealed record Known(long Bytes, bool HasObjects, long Alignment);

    /// <summary>Null when the state is as NumPy writes it, and then <paramref name="known"/> is set; else what is wrong with it.</summary>
    public static string? Judge(PickleInstance type, in PickleValue state, out Known? known)
    {
        known = null;
        if (TypeText(type) is not { Length: > 1 } text || !int.TryParse(text.AsSpan(1), NumberStyles.None, CultureInfo.InvariantCulture, out var size))
            return "the type is not named as NumPy names it";
        if (state.Items is not { Length: 8 or 9 } items || items[0].Number is not { } version || version != items.Length - 5 || items[7].Number is not { } flags
            || items[1].Text is not { } order || items[5].Number is not { } bytes || items[6].Number is not { } alignment)
            return "its state is not a version, an order, three parts, two sizes and flags";
        var shape = new Shape(text[0], size, order, bytes, alignment, flags < 0 ? flags + 256 : flags);
        if (items.Length == 9 && !IsMetadata(text[0], items[8]))
            return "what stands behind its flags is no metadata";
        if (text[0] is 'M' or 'm' && items.Length != 9)
            return "a time has no unit";
        if (text[0] != 'V' && !(IsNone(items[2]) && IsNone(items[3]) && IsNone(items[4])))
            return "a simple type has fields or a base";
        return text[0] == 'V' ? Void(shape, type, items, out known) : Simple(shape, out known);
    }

    private readonly record struct Shape(char Kind, long Size, string Order, long Bytes, long Alignment, long Flags);

    private static string? TypeText(PickleInstance type) => type.Arguments.Items switch
    {
        [{ Text: { } text }, _, _] => text,
        [{ Name: { Module: "numpy", Name: "record" } }, _, _] => "V0",
        _ => null,
    };

    private static bool IsNone(in PickleValue value) => value.Kind == PickleKind.Atom;

    /// <summary>A dictionary; of a time, a pair of one and of the unit with its numbers.</summary>
    private static bool IsMetadata(char kind, in PickleValue value) => kind is 'M' or 'm'
        ? value.Items is [{ Kind: PickleKind.Container or PickleKind.Atom }, { Kind: PickleKind.Tuple }] or [{ Kind: PickleKind.Container or PickleKind.Atom }, ..]
        : value.Content is PickleDictionary;

    private static string? Simple(in Shape type, out Known? known)
    {
        known = null;
        var one = type.Kind is 'b' or 'i' or 'u' && type.Size == 1;
        var right = (type.Kind, type.Size) switch
        {
            ('b', 1) or ('i' or 'u', 1 or 2 or 4 or 8) or ('f', 2 or 4 or 8 or 12 or 16) or ('c', 8 or 16 or 24 or 32) or ('M' or 'm', 8) =>
                type is { Bytes: -1, Alignment: -1, Flags: 0 } && IsOrder(type.Order, one),
            ('O', 4 or 8) => type is { Bytes: -1, Alignment: -1, Flags: ObjectFlags, Order: "|" },
            ('S', _) => type.Bytes == type.Size && type.Alignment == 1 && (type.Flags & ~HarmlessFlags) == 0 && type.Order == "|",
            ('U', _) => type.Bytes == 4 * type.Size && type.Alignment == 4 && (type.Flags & ~HarmlessFlags) == 0 && IsOrder(type.Order, one: false),
            _ => false,
        };
        if (!right)
            return string.Create(CultureInfo.InvariantCulture, $"'{type.Kind}{type.Size}' does not go with order '{type.Order}', sizes {type.Bytes} and {type.Alignment} and flags {type.Flags}");
        var bytes = type.Kind switch { 'O' => 8, 'U' => type.Bytes, _ => type.Size };
        known = new Known(bytes, type.Kind == 'O', type.Kind is 'S' or 'U' ? type.Alignment : Math.Min(16, bytes));
        return null;
    }

    private static bool IsOrder(string order, bool one) => one ? order == "|" : order is "<" or ">";

    private static string? Void(in Shape type, PickleInstance instance, PickleValue[] items, out Known? known)
    {
        known = null;
        // numpy.record has its size in the state alone.
        if (type.Order != "|" || type.Bytes is < 0 or > int.MaxValue || (type.Bytes != type.Size && instance.Arguments.Items![0].Kind == PickleKind.Text))
            return "a record's size or order is not that of its name";
        if (type.Alignment is not (1 or 2 or 4 or 8 or 16))
            return "its alignment is no power of two";
        if (!IsNone(items[2]))
            return IsNone(items[3]) && IsNone(items[4]) ? Repeated(type, items[2], out known) : "it has fields and a base at once";
        if (!IsNone(items[3]) || !IsNone(items[4]))
            return Record(type, items[3], items[4], out known);
        if (type.Alignment != 1 || (type.Flags & ~HarmlessFlags) != 0)
            return "plain bytes have flags of something else";
        known = new Known(type.Bytes, HasObjects: false, 1);
        return null;
    }

    /// <summary>A base type, repeated: it has the base's flags.</summary>
    private static string? Repeated(in Shape type, in PickleValue value, out Known? known)
    {
        known = null;
        if (value.Items is not [{ Content: PickleInstance { Dtype: { } inner } }, { } dimensions])
            return "its base is not a type that was built before";
        long count = 1;
        foreach (var dimension in dimensions.Items ?? [dimensions])
        {
            if (dimension.Number is not (>= 0 and var length) || (length > 0 && count > int.MaxValue / length))
                return "the shape of its base is not understood";
            count *= length;
        }
        if (count * inner.Bytes != type.Bytes)
            return "its size is not that of its base, repeated";
        if (!HasFlags(type.Flags, inner.HasObjects))
            return "its flags are not those of its base";
        known = new Known(type.Bytes, inner.HasObjects, type.Alignment);
        return null;
    }

    private static bool HasFlags(long flags, bool objects) => objects
        ? (flags & RecordObjectFlags) == RecordObjectFlags && (flags & ~(ObjectFlags | AlignedFlag)) == 0
        : (flags & ~(HarmlessFlags | AlignedFlag)) == 0;

    private static string? Record(in Shape type, in PickleValue names, in PickleValue fields, out Known? known)
    {
        known = null;
        if (names.Items is not { } listed || fields.Content is not PickleDictionary { IsWhole: true } dictionary)
            return "its fields are not written where they stand, with plain names";
        var entries = dictionary.ToLookup();
        var spans = new List<(long From, long To, bool Objects)>(listed.Length);
        foreach (var name in listed)
        {
            if (name.Text is not { } text || !entries.Remove(text, out var entry))
                return "a name has no field, or two names are one";
            if (Field(entry, type.Bytes) is not { } span)
                return $"the field '{text}' is not inside of the record";
            spans.Add(span);
            // A title is a second name of the same field.
            if (entry.Items is [_, _, { Text: { } title }] && title != text && entries.Remove(title, out var other) && !Same(entry, other))
                return $"the title of '{text}' names another field";
        }
        if (entries.Count > 0)
            return "a field has no name";
        spans.Sort();
        var end = (To: 0L, Objects: false);
        foreach (var (from, to, objects) in spans)
        {
            if (from < end.To && (objects || end.Objects))
                return "a field lies over an object";
            end = (Math.Max(to, end.To), objects || (from < end.To && end.Objects));
        }
        var any = spans.Exists(span => span.Objects);
        if (!HasFlags(type.Flags, any) || (any && (type.Flags & 4) != 0))
            return "its flags are not those of its fields";
        dictionary.Seal();
        known = new Known(type.Bytes, any, type.Alignment);
        return null;
    }

    private static (long From, long To, bool Objects)? Field(in PickleValue entry, long bytes) =>
        entry.Items is [{ Content: PickleInstance { Dtype: { } type } }, { Number: { } offset }, ..] and { Length: 2 or 3 } && offset >= 0 && offset <= bytes - type.Bytes
            ? (offset, offset + type.Bytes, type.HasObjects)
            : null;

    private static bool Same(in PickleValue one, in PickleValue other) =>
        other.Items is { } b && one.Items is { } a && a.Length == b.Length && ReferenceEquals(a[0].Content, b[0].Content) && a[1].Number == b[1].Number;
}
