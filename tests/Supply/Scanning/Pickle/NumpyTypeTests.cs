using System.Buffers.Binary;
using Merlon.Kernel;
using static Merlon.Scanning.Tests.Pickle.PickleBytes;

namespace Merlon.Scanning.Tests.Pickle;

/// <summary>NumPy types with states that NumPy does not write, calls that take memory by a number, and beside each the harmless file most like it.</summary>
public sealed class NumpyTypeTests
{
    private static readonly byte[] s_object = Type("O8", "|", 63);
    private static readonly byte[] s_int = Type("i8", "<", 0);

    private static byte[] Number(int value)
    {
        var bytes = new byte[5];
        bytes[0] = (byte)'J';
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(1), value);
        return bytes;
    }

    private static byte[] Made(string text) => Join(Global("numpy", "dtype"), "(", Short(text), 0x89, 0x88, "tR");

    private static byte[] State(string order, object fields, int bytes, int alignment, int flags, int version = 3, string more = "") =>
        Join("(", Number(version), Short(order), fields, Number(bytes), Number(alignment), Number(flags), more, "tb");

    private static byte[] Type(string text, string order, int flags, int bytes = -1, int alignment = -1, object? fields = null) =>
        Join(Made(text), State(order, fields ?? "NNN", bytes, alignment, flags));

    private static byte[] Field(string name, byte[] type, int offset) => Join(Short(name), type, Number(offset), 0x86);

    private static byte[] Fields(string names, params object[] fields) => Join("N(", Join([.. names.Select(n => Short(n.ToString()))]), "t}(", Join(fields), "u");

    private static byte[] Array(byte[] type, object raw) => Join(Global("numpy.core.multiarray", "_reconstruct"), Global("numpy", "ndarray"), Number(0), 0x85, "C\u0001b", 0x87, "R(",
        Number(1), Number(1), 0x85, type, 0x89, raw, "tb");

    public static TheoryData<string, byte[], string> Hostile() => new()
    {
        { "objects without their flags", Whole(Type("O8", "|", 0)), "numpy.dtype" },
        { "objects without their flags, in an array", Whole(Array(Type("O8", "|", 0), "C\u0008AAAAAAAA")), "numpy.dtype" },
        { "objects without their flags, in a scalar", Whole(Global("numpy.core.multiarray", "scalar"), Type("O8", "|", 0), "C\u0008AAAAAAAA", 0x86, "R"), "numpy.dtype" },
        { "objects with one flag less", Whole(Type("O8", "|", 62)), "numpy.dtype" },
        { "numbers with flags", Whole(Type("i8", "<", 1)), "numpy.dtype" },
        { "numbers of another size", Whole(Type("i8", "<", 0, 1, 1)), "numpy.dtype" },
        { "a byte order that is none", Whole(Type("i8", "O", 0)), "numpy.dtype" },
        { "an old version", Whole(Made("i8"), State("<", "NNN", -1, -1, 0, version: 2)), "numpy.dtype" },
        { "a number with fields", Whole(Type("i8", "<", 0, fields: Fields("a", Field("a", s_object, 0)))), "numpy.dtype" },
        { "texts of another size", Whole(Type("S4", "|", 0, 400, 1)), "numpy.dtype" },
        { "bytes that are aligned by nothing", Whole(Type("V8", "|", 0, 8, 0)), "numpy.dtype" },
        { "a field behind the end", Whole(Type("V8", "|", 16, 8, 1, Fields("a", Field("a", s_int, 8)))), "numpy.dtype" },
        { "a field before the begin", Whole(Type("V8", "|", 16, 8, 1, Fields("a", Field("a", s_int, -8)))), "numpy.dtype" },
        { "a record that hides its objects", Whole(Type("V8", "|", 16, 8, 1, Fields("a", Field("a", s_object, 0)))), "numpy.dtype" },
        { "a number over an object", Whole(Type("V8", "|", 27, 8, 1, Fields("ab", Field("a", s_object, 0), Field("b", s_int, 0)))), "numpy.dtype" },
        { "a name without a field", Whole(Type("V8", "|", 16, 8, 1, Fields("ab", Field("a", s_int, 0)))), "numpy.dtype" },
        { "a field without a name", Whole(Type("V8", "|", 16, 8, 1, Fields("a", Field("a", s_int, 0), Field("b", s_int, 0)))), "numpy.dtype" },
        { "a field of a type that was not built", Whole(Type("V8", "|", 16, 8, 1, Fields("a", Field("a", Made("O8"), 0)))), "numpy.dtype" },
        { "a repeated base that is larger", Whole(Type("V8", "|", 0, 8, 8, Join(s_int, Number(2), 0x85, 0x86, "NN"))), "numpy.dtype" },
        { "built twice", Whole(Type("V8", "|", 0, 8, 1), State("|", Fields("a", Field("a", s_object, 0)), 8, 1, 27)), "numpy.dtype" },
        { "built after its use", Whole(Made("V8"), "q\x00", "0", Array(Join("h\x00"), "C\u0008AAAAAAAA"), "0h\x00", State("|", Fields("a", Field("a", s_object, 0)), 8, 1, 27)), "numpy.dtype" },
        {
            "fields changed afterwards",
            Whole(Made("V8"), "(", Number(3), Short("|"), "N(", Short("a"), "t}q\x07(", Field("a", s_int, 0), "u", Number(8), Number(1), Number(16), "tb0h\x07", Field("a", s_object, 900), "s"),
            "numpy.dtype"
        },
        { "made by a helper", Whole(Global("copyreg", "__newobj__"), "(", Global("numpy", "dtype"), Short("O8"), 0x89, 0x88, "tR", State("|", "NNN", -1, -1, 0)), "numpy.dtype" },
        { "made by another helper", Whole(Global("copyreg", "_reconstructor"), Global("numpy", "dtype"), Global("numpy", "dtype"), Short("O8"), 0x87, "R"), "pickle.arguments" },
        { "a state for StringDType", Whole(Global("numpy.dtypes", "StringDType"), ")R", State("|", "NNN", 16, 8, 0)), "numpy.dtype" },
        { "an array over given bytes", Whole(Global("numpy", "ndarray"), "(", Number(1), 0x85, s_object, "C\u0008AAAAAAAA", "tR"), "pickle.arguments" },
        { "an array over given bytes by NEWOBJ", Whole(Global("numpy", "recarray"), "(", Number(1), 0x85, s_object, "C\u0008AAAAAAAA", "t", 0x81), "pickle.arguments" },
        { "a scalar of objects", Whole(Global("numpy.core.multiarray", "scalar"), s_object, "C\u0008AAAAAAAA", 0x86, "R"), "pickle.arguments" },
        { "a list of a range", Whole(Global("builtins", "list"), Global("builtins", "range"), Number(5), 0x85, "R", 0x85, "R"), "pickle.arguments" },
        { "a long range", Whole(Global("builtins", "range"), 0x8a, 5, "\x00\xe8\x76\x48\x17", 0x85, "R"), "pickle.arguments" },
        { "a range one too long", Whole(Global("builtins", "range"), Number(10_000_001), 0x85, "R"), "pickle.arguments" },
        { "a long range downwards", Whole(Global("builtins", "range"), Number(2_000_000_000), Number(0), Number(-1), 0x87, "R"), "pickle.arguments" },
        { "a set of a range in an old module", Whole(Global("__builtin__", "set"), Global("__builtin__", "xrange"), Number(5), 0x85, "R", 0x85, "R"), "pickle.arguments" },
        { "a deque of a range", Whole(Global("collections", "deque"), Global("builtins", "range"), Number(5), 0x85, "R", 0x85, "R"), "pickle.arguments" },
        { "NumPy's bytes of a size", Whole(Global("numpy", "bytes_"), Number(2_000_000_000), 0x85, "R"), "pickle.arguments" },
        { "a void of a size", Whole(Global("numpy", "void"), Number(2_000_000_000), 0x85, "R"), "pickle.arguments" },
        { "an array of a size", Whole(Global("numpy.core.multiarray", "_reconstruct"), Global("numpy", "ndarray"), Number(2_000_000_000), 0x85, "C\u0001b", 0x87, "R"), "pickle.arguments" },
        { "a fraction of a billion digits", Whole(Global("fractions", "Fraction"), Short("1e999999999"), 0x85, "R"), "pickle.arguments" },
        { "an int of a billion digits", Whole(Global("builtins", "int"), Global("decimal", "Decimal"), Short("1e999999999"), 0x85, "R", 0x85, "R"), "pickle.arguments" },
        { "bytes of a size by a helper", Whole(Global("copyreg", "__newobj__"), Global("builtins", "bytes"), Number(2_000_000_000), 0x86, "R"), "pickle.arguments" },
        { "bytes of a size by another", Whole(Global("copyreg", "_reconstructor"), Global("builtins", "bytes"), Global("builtins", "bytes"), Number(2_000_000_000), 0x87, "R"), "pickle.arguments" },
        { "a keyword", Whole(Global("builtins", "bytes"), ")}", Short("source"), Number(2_000_000_000), "s", 0x92), "pickle.arguments" },
        { "a keyword that is no text", Whole(Global("builtins", "bytes"), ")}", Number(1), Number(2), "s", 0x92), "pickle.arguments" },
        { "keywords from the memo", Whole("}q\x00", Short("source"), Number(2_000_000_000), "s0", Global("builtins", "bytes"), ")h\x00", 0x92), "pickle.arguments" },
    };

    public static TheoryData<string, byte[]> Harmless() => new()
    {
        { "objects", Whole(s_object) },
        { "an array of objects", Whole(Array(s_object, "]Na")) },
        { "numbers", Whole(Array(s_int, "C\u0008AAAAAAAA")) },
        { "a scalar", Whole(Global("numpy.core.multiarray", "scalar"), s_int, "C\u0008AAAAAAAA", 0x86, "R") },
        { "texts", Whole(Type("S4", "|", 0, 4, 1)) },
        { "wide texts, with a flag", Whole(Type("U4", "<", 8, 16, 4)) },
        { "a record", Whole(Type("V16", "|", 16, 16, 1, Fields("ab", Field("a", s_int, 0), Field("b", s_int, 8)))) },
        { "a record whose numbers lie over each other", Whole(Type("V8", "|", 16, 8, 1, Fields("ab", Field("a", s_int, 0), Field("b", s_int, 0)))) },
        { "a record of objects", Whole(Type("V16", "|", 27, 16, 1, Fields("ab", Field("a", s_int, 0), Field("b", s_object, 8)))) },
        { "a repeated base", Whole(Type("V16", "|", 0, 16, 8, Join(s_int, Number(2), 0x85, 0x86, "NN"))) },
        { "a type by a helper", Whole(Global("copyreg", "__newobj__"), "(", Global("numpy", "dtype"), Short("O8"), 0x89, 0x88, "tR", State("|", "NNN", -1, -1, 63)) },
        { "a range", Whole(Global("builtins", "range"), Number(10_000_000), 0x85, "R") },
        { "an empty range", Whole(Global("builtins", "range"), Number(2_000_000_000), Number(0), 0x86, "R") },
        { "a list of a list", Whole(Global("builtins", "list"), "]", Number(1), "a", 0x85, "R") },
        { "a fraction", Whole(Global("fractions", "Fraction"), Short("-1/3"), 0x85, "R") },
        { "no keywords", Whole(Global("builtins", "bytes"), ")}", 0x92) },
    };

    [Theory]
    [MemberData(nameof(Hostile))]
    public void Scan_ForgedTypeOrSize_IsBlockedByItsRule(string name, byte[] pickle, string rule)
    {
        var looked = Looked.At(pickle, "model.bin");
        Assert.True(looked.Verdict == Verdict.Block && looked.Rules.Contains(rule), $"{name}: {looked}");
    }

    [Theory]
    [MemberData(nameof(Harmless))]
    public void Scan_ItsBenignTwin_Passes(string name, byte[] pickle)
    {
        var looked = Looked.At(pickle, "model.bin");
        Assert.True(looked.Verdict == Verdict.Pass && looked.Format == "pickle", $"{name}: {looked}");
    }
}
