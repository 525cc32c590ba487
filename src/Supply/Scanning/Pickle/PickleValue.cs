namespace Merlon.Scanning.Pickle;

/// <summary>What is known of a value, as far as it decides what may be done with it.</summary>
internal enum PickleKind : byte
{
    /// <summary>No value: an entry of the memo that was never written.</summary>
    Absent,

    /// <summary>None, a truth value, a fraction, a large number: data, and never anything else.</summary>
    Atom,

    /// <summary>A whole number of at most 64 bits.</summary>
    Number,

    /// <summary>Text; <see cref="PickleValue.Content"/> is the string when it is short enough to name something.</summary>
    Text,

    /// <summary>Bytes, bytearray, buffers.</summary>
    Bytes,

    /// <summary>A tuple; <see cref="PickleValue.Content"/> is its values when they are few.</summary>
    Tuple,

    /// <summary>A list, a dictionary, a set.</summary>
    Container,

    /// <summary>An imported name; <see cref="PickleValue.Content"/> is its <see cref="AllowedName"/>, or the text of one that was refused.</summary>
    Global,

    /// <summary>What a call of an allowed name gave.</summary>
    Instance,

    /// <summary>What a persistent id stands for, by the loader's choice.</summary>
    Persistent,

    /// <summary>What a refused call gave: anything.</summary>
    Unknown,
}

/// <summary>One value of the symbolic machine.</summary>
/// <param name="Kind">What is known.</param>
/// <param name="Content">See the kinds.</param>
/// <param name="Whole">The number, when it is one.</param>
internal readonly record struct PickleValue(PickleKind Kind, object? Content = null, long Whole = 0)
{
    /// <summary>In <see cref="Whole"/> of the atom that is None.</summary>
    public const long NoneMark = 1;

    public static readonly PickleValue Bytes = new(PickleKind.Bytes);
    public static readonly PickleValue Container = new(PickleKind.Container);
    public static readonly PickleValue LongText = new(PickleKind.Text);
    public static readonly PickleValue EmptyTuple = new(PickleKind.Tuple, Array.Empty<PickleValue>());
    public static readonly PickleValue EmptyKeywords = new(PickleKind.Container, new PickleDictionary());
    public static readonly PickleValue Unknown = new(PickleKind.Unknown);

    /// <summary>The whole number, when it is one of at most 64 bits.</summary>
    public long? Number => Kind == PickleKind.Number ? Whole : null;

    public bool IsNone => Kind == PickleKind.Atom && Whole == NoneMark;

    public string? Text => Kind == PickleKind.Text ? (string?)Content : null;
    public AllowedName? Name => Content as AllowedName;
    public PickleValue[]? Items => Kind == PickleKind.Tuple ? (PickleValue[]?)Content : null;
}
