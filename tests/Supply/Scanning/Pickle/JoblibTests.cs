using Merlon.Kernel;
using static Merlon.Scanning.Tests.Pickle.PickleBytes;

namespace Merlon.Scanning.Tests.Pickle;

/// <summary>joblib's wrapper decides how many bytes are passed over as numbers: whatever makes joblib read otherwise than the scanner hides what comes after.</summary>
public sealed class JoblibTests
{
    private static readonly byte[] s_wrapper = Global("joblib.numpy_pickle", "NumpyArrayWrapper");
    private static readonly byte[] s_new = Join(s_wrapper, ")", 0x81);
    private static readonly byte[] s_type = Join(Global("numpy", "dtype"), Short("f8"), 0x89, 0x88, 0x87, "R(K\x03", Short("<"), "NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xff", "K\x00tb");
    private static readonly byte[] s_payload = Join(Global("posix", "system"), Short("id"), 0x85, "R0");

    private static byte[] Pair(string key, params object[] value) => Join(Short(key), Join(value));

    private static byte[] Fields(byte[] type, object shape, params byte[][] more) => Join(
        Pair("subclass", Global("numpy", "ndarray")), Pair("shape", shape), Pair("order", Short("C")), Pair("dtype", type), Pair("allow_mmap", 0x89), Join([.. more]));

    private static byte[] State(byte[] type, object shape, params byte[][] more) => Join("}(", Fields(type, shape, more), "ub");

    private static readonly object s_two = Join("K\x02", 0x85);

    private static byte[] Numbers(int bytes) => [.. Enumerable.Repeat((byte)0xFF, bytes)];

    public static TheoryData<string, byte[]> Ordinary() => new()
    {
        { "without alignment", Whole(s_new, State(s_type, s_two), Numbers(16)) },
        { "with alignment", Whole(s_new, State(s_type, s_two, Pair("numpy_array_alignment_bytes", "K\x10")), "\x03\xff\xff\xff", Numbers(16)) },
        { "alignment of None", Whole(s_new, State(s_type, s_two, Pair("numpy_array_alignment_bytes", "N")), Numbers(16)) },
        { "memoised", Whole(s_wrapper, 0x94, ")", 0x81, 0x94, State(s_type, s_two), Numbers(16)) },
        { "objects", Whole(s_new, State(Join(Global("numpy", "dtype"), Short("O8"), 0x89, 0x88, 0x87, "R(K\x03", Short("|"), "NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xff", "K\x3ftb"), s_two), 0x80, 2, "].") },
        { "frame that ends before the numbers", Framed(Join(s_new, State(s_type, s_two)), Join(Numbers(16), ".")) },
    };

    private static byte[] Framed(byte[] inside, byte[] after) => Join(Proto(), Frame(inside.Length), inside, after);

    public static TheoryData<string, byte[]> Hostile() => new()
    {
        // The state of a type that was put together before anything was imported is not kept: it is not a state with empty flags.
        { "state of the type from the memo", Whole("(K\x03", Short("|"), "NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xff", "K\x3ft", 0x94, "0", s_new, State(Join(Global("numpy", "dtype"), Short("V8"), 0x89, 0x88, 0x87, "Rh\x00", "b"), s_two), Numbers(16), s_payload) },
        { "more fields than are kept, and another shape behind them", Whole(s_new, "}(", Fields(s_type, Join("M\xff\xff", 0x85)),
            Join([.. Enumerable.Range(0, 1100).Select(i => Pair($"f{i}", "N"))]), Pair("shape", "K\x00", 0x85), "ub", s_payload, Numbers(600_000)) },
        { "a field that is a method", Whole(s_new, State(s_type, s_two, Pair("read", Global("builtins", "bool")), Pair("numpy_array_alignment_bytes", "K\x10")), "NN000".Insert(0, "\x20"), s_payload, Numbers(80)) },
        { "alignment that is True", Whole(s_new, State(s_type, s_two, Pair("numpy_array_alignment_bytes", 0x88)), "C\x0e", Numbers(14), "0N0") },
        { "made with arguments", Whole(s_wrapper, "(NNNNt", "R", State(s_type, s_two), "C\x0e", Numbers(14), "0N0") },
        { "made with arguments by NEWOBJ", Whole(s_wrapper, "(NNNNt", 0x81, State(s_type, s_two), Numbers(16)) },
        { "made by a helper", Whole(Global("copyreg", "_reconstructor"), s_wrapper, Global("builtins", "object"), "N", 0x87, "R", State(s_type, s_two), "C\x1e", Numbers(14), s_payload) },
        { "built twice", Whole(s_new, State(s_type, s_two, Pair("numpy_array_alignment_bytes", "N")), Numbers(16), State(s_type, s_two, Pair("numpy_array_alignment_bytes", "K\x10")), "N0", s_payload, Numbers(80)) },
        { "built twice through the memo", Whole(s_wrapper, ")", 0x81, 0x94, State(s_type, s_two), Numbers(16), "0h\x00", State(s_type, s_two), Numbers(16)) },
        { "in the middle of a frame", Framed(Join(s_new, State(s_type, s_two, Pair("numpy_array_alignment_bytes", "K\x10")), "N0", s_payload, Numbers(80)), Join("\x01\xff", Numbers(16), ".")) },
        { "operations in the padding", Whole(s_new, State(s_type, s_two, Pair("numpy_array_alignment_bytes", "K\x10")), "N0", s_payload, Numbers(80)) },
        { "objects that count the memo anew", Whole(Short("posix"), 0x94, Short("system"), 0x94, "00", s_new, State(Join(Global("numpy", "dtype"), Short("O8"), 0x89, 0x88, 0x87, "R"), s_two),
            0x80, 4, Short("collections"), 0x94, Short("OrderedDict"), 0x94, "00h\x00h\x01", 0x93, ")R.") },
        { "no state", Whole(s_new, "Nb", Numbers(16)) },
        { "shape of a truth value", Whole(s_new, State(s_type, Join(0x88, 0x85)), Numbers(8)) },
    };

    [Theory]
    [MemberData(nameof(Ordinary))]
    public void Scan_ArrayAsJoblibWritesIt_Passes(string name, byte[] pickle)
    {
        var looked = Looked.At(name == "objects" || name.StartsWith("frame", StringComparison.Ordinal) ? Join(pickle[..^1], ".") : pickle, "m.joblib");
        Assert.True(looked.Verdict == Verdict.Pass, $"{name}: {looked}");
    }

    [Theory]
    [MemberData(nameof(Hostile))]
    public void Scan_ArrayThatJoblibReadsOtherwise_IsBlockedForIt(string name, byte[] pickle)
    {
        var looked = Looked.At(pickle, "m.joblib");
        Assert.True(looked.Rules.Any(rule => rule.StartsWith("joblib.", StringComparison.Ordinal)) || (name == "made by a helper" && looked.Rules.Contains("pickle.arguments")), $"{name}: {looked}");
    }
}
