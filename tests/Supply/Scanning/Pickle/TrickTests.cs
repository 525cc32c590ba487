using System.Text;
using Merlon.Kernel;
using static Merlon.Scanning.Tests.Pickle.PickleBytes;

namespace Merlon.Scanning.Tests.Pickle;

/// <summary>Each known way to hide harm in a pickle, and beside it the harmless file that looks most like it.</summary>
public sealed class TrickTests
{
    private static byte[] Call(string module, string name, string argument = "id") => Join(Global(module, name), Short(argument), 0x85, "R");

    /// <summary>A safetensors file whose length is BINBYTES too; short texts in its metadata lead to the numbers, which are a call.</summary>
    private static byte[] Polyglot()
    {
        // 'B' and a length of 0x100: 5 + 256 bytes on, the next operation.
        const int header = 0x42 + (0x100 << 8);
        var json = new StringBuilder("{\"__metadata__\":{\"a\":\"");
        var payload = Join("cos\nsystem\n(S'id'\ntR.");
        json.Append('a', 5 + 256 - 8 - json.Length);
        var tail = $"\"}},\"w\":{{\"dtype\":\"U8\",\"shape\":[{payload.Length}],\"data_offsets\":[0,{payload.Length}]}}}}";
        // Each 'U~' passes over 126 bytes; the last one ends with the header.
        var left = header - json.Length;
        while (left > 128 + 128)
        {
            json.Append("U~").Append('b', 126);
            left -= 128;
        }
        json.Append('U').Append((char)(left - 2 - 96));
        json.Append('c', left - 2 - 96).Append("U^").Append('d', 94 - tail.Length).Append(tail);
        var bytes = new byte[8 + header + payload.Length];
        System.Buffers.Binary.BinaryPrimitives.WriteUInt64LittleEndian(bytes, header);
        Encoding.ASCII.GetBytes(json.ToString()).CopyTo(bytes, 8);
        payload.CopyTo(bytes, 8 + header);
        return bytes;
    }

    public static TheoryData<string, byte[], string> Hostile() => new()
    {
        { "os.system by GLOBAL", Whole(Call("os", "system")), "pickle.call" },
        { "posix.system by STACK_GLOBAL", Whole(StackGlobal("posix", "system"), Short("id"), 0x85, "R"), "pickle.call" },
        { "protocol 0", Join("cos\nsystem\n(S'id'\ntR."), "pickle.call" },
        { "INST", Join("(S'id'\nios\nsystem\n."), "pickle.call" },
        { "OBJ", Join(Proto(2), "(", Global("os", "system"), "U\x02idq\x00o."), "pickle.call" },
        { "NEWOBJ", Whole(Global("subprocess", "Popen"), Short("id"), 0x85, 0x81), "pickle.call" },
        { "NEWOBJ_EX", Whole(Global("subprocess", "Popen"), Short("id"), 0x85, "}", 0x92), "pickle.call" },
        { "result popped and lost", Whole(Call("os", "system"), "0N"), "pickle.call" },
        { "result behind a mark", Whole("(", Call("os", "system"), "1N"), "pickle.call" },
        { "name through the memo", Whole(Short("system"), 0x94, "0", Short("posix"), "h\x00", 0x93, Short("id"), 0x85, "R"), "pickle.call" },
        { "module from bytes", Whole("C\x02os", Short("system"), 0x93), "pickle.name-unresolved" },
        { "name from a call", Whole(Short("os"), Call("builtins", "str", "system"), 0x93), "pickle.name-unresolved" },
        { "dotted name", Whole(StackGlobal("numpy", "os.system"), Short("id"), 0x85, "R"), "pickle.name" },
        { "dotted attribute of an allowed class", Whole(StackGlobal("collections", "OrderedDict.__init__.__globals__")), "pickle.name" },
        { "pip.main", Whole(Call("pip", "main")), "pickle.name" },
        { "asyncio's helper", Whole(Call("asyncio.unix_events", "_UnixSubprocessTransport._start")), "pickle.name" },
        { "pkgutil.resolve_name", Whole(Call("pkgutil", "resolve_name", "os:system")), "pickle.name" },
        { "extension code", Whole(0x82, 1), "pickle.extension" },
        { "BUILD on an allowed class", Whole(Global("collections", "OrderedDict"), "}", Short("__setstate__"), "Ns", "b"), "pickle.overwrite" },
        { "SETITEM on an imported name", Whole(Global("numpy", "dtype"), Short("x"), "Ns"), "pickle.overwrite" },
        { "APPEND on an imported name", Whole(Global("numpy", "exp"), "Na"), "pickle.overwrite" },
        { "only referred to", Whole(Global("os", "system")), "pickle.name" },
        { "referred to, in a default factory", Whole(Global("collections", "defaultdict"), Global("os", "getcwd"), 0x85, "R"), "pickle.name" },
        { "function that may only stand, called", Whole(Global("numpy", "exp"), "K\x01", 0x85, "R"), "pickle.call" },
        { "call of a made object", Whole(Global("collections", "OrderedDict"), ")R", ")R"), "pickle.call-unknown" },
        { "call of a text", Whole(Short("x"), ")R"), "pickle.call-unknown" },
        { "codec that decompresses", Whole(Global("_codecs", "encode"), Short("x"), Short("zip"), 0x86, "R"), "pickle.arguments" },
        { "_reconstructor with a refused class", Whole(Global("copyreg", "_reconstructor"), Global("os", "_wrap_close"), Global("builtins", "object"), "N", 0x87, "R"), "pickle.name" },
        { "_reconstructor with a function", Whole(Global("copyreg", "_reconstructor"), Global("numpy", "exp"), Global("builtins", "object"), "N", 0x87, "R"), "pickle.arguments" },
        { "memory by bytes(size)", Whole(Global("builtins", "bytearray"), "J\xff\xff\xff\x7f", 0x85, "R"), "pickle.arguments" },
        { "defaultdict with a made factory", Whole(Global("collections", "defaultdict"), Global("collections", "OrderedDict"), ")R", 0x85, "R"), "pickle.arguments" },
        { "persistent id", Join("Pid\n."), "pickle.persistent-id" },
        { "broken after the payload", Join(Proto(), Call("os", "system"), 0xff), "pickle.malformed" },
        { "cut after the payload", Join(Proto(), Call("os", "system")), "pickle.truncated" },
        { "second pickle", Join(Whole("N"), Whole(Call("os", "system"))), "pickle.call" },
        { "bytes behind the end", Join(Whole("N"), "abc"), "pickle.malformed" },
        { "operation over the end of its frame", Join(Proto(), Frame(2), Call("os", "system"), "."), "pickle.frame" },
        { "frame inside a frame", Join(Proto(), Frame(40), "N", Frame(2), "0N."), "pickle.frame" },
        { "frame that ends after the pickle", Join(Proto(), Frame(40), "N."), "pickle.frame" },
        { "values left on the stack", Whole("NN"), "pickle.leftover" },
        { "memo number with a sign", Join(Proto(), "Np+1\n."), "pickle.too-large" },
        { "protocol named late", Join(Proto(), "N", Proto(), "0N."), "pickle.malformed" },
        { "protocol 9", Join(Proto(9), "N."), "pickle.malformed" },
        { "buffers from outside", Whole(0x97), "pickle.out-of-band" },
        { "huge memo", Whole("Nr\xff\xff\xff\x7f"), "pickle.too-large" },
        { "long text announced, not there", Join(Proto(), 0x8d, "\xff\xff\xff\xff\xff\xff\xff\x7f"), "pickle.truncated" },
        { "torch's rebuilder with a function of ours", Whole(Global("torch._tensor", "_rebuild_from_type_v2"), "(", Global("builtins", "object"), Global("torch", "Tensor"), ")Nt", "R"), "pickle.arguments" },
        { "NumPy's random state with a constructor of ours", Whole(Global("numpy.random._pickle", "__randomstate_ctor"), Short("x"), Global("numpy", "exp"), 0x86, "R"), "pickle.arguments" },
        { "text: number with an underscore first", Join("I1_0\n0cos\nsystem\n(S'id'\ntR."), "pickle.call" },
        { "text: endless number first", Join("I" + new string('1', 5000) + "\n0cos\nsystem\n(S'id'\ntR."), "pickle.call" },
        { "text: long text first", Join("V" + new string('a', 5000) + "\n0cos\nsystem\n(S'id'\ntR."), "pickle.call" },
        { "text: state for a list", Join("(lNb0cos\nsystem\n(S'id'\ntR."), "pickle.call" },
        { "text: nothing appended to nothing", Join("N(e0cos\nsystem\n(S'id'\ntR."), "pickle.call" },
        { "text: large memo number first", Join("Np99999999\n0cos\nsystem\n(S'id'\ntR."), "pickle.too-large" },
        { "text: memo number with a sign first", Join("Np+1\n0cos\nsystem\n(S'id'\ntR."), "pickle.too-large" },
        { "safetensors that is a pickle too", Polyglot(), "pickle.polyglot" },
        { "look-alike name", Whole(StackGlobal("numpy", "dtyp\x65\x20")), "pickle.name" },
        { "dill", Whole(Call("dill._dill", "_create_function")), "pickle.name" },
        { "cloudpickle", Whole(Call("cloudpickle.cloudpickle", "_builtin_type", "CodeType")), "pickle.name" },
        { "getattr", Whole(Global("builtins", "getattr"), Global("numpy", "dtype"), Short("__class__"), 0x86, "R"), "pickle.name" },
    };

    public static TheoryData<string, byte[]> Harmless() => new()
    {
        { "allowed call", Whole(Global("collections", "OrderedDict"), ")R") },
        { "allowed call, popped", Whole(Global("collections", "OrderedDict"), ")R0N") },
        { "name through the memo", Whole(Short("OrderedDict"), 0x94, "0", Short("collections"), "h\x00", 0x93) },
        { "the same words as data", Whole(Short("os"), Short("system"), 0x86) },
        { "state of an instance", Whole(Global("collections", "OrderedDict"), ")R", "}", Short("__setstate__"), "Ns", "b") },
        { "items of an instance", Whole(Global("collections", "OrderedDict"), ")R", Short("x"), "Ns") },
        { "function that stands", Whole(Global("numpy", "exp")) },
        { "latin1", Whole(Global("_codecs", "encode"), Short("x"), Short("latin1"), 0x86, "R") },
        { "frame", Join(Proto(), Frame(2), "N.") },
        { "two frames", Join(Proto(), Frame(2), "N0", Frame(2), "N.") },
        { "two pickles", Join(Whole("N"), Whole("N")) },
        { "factory that is a type", Whole(Global("collections", "defaultdict"), Global("builtins", "list"), 0x85, "R") },
    };

    [Theory]
    [MemberData(nameof(Hostile))]
    public void Scan_Trick_IsBlockedByItsRule(string name, byte[] pickle, string rule)
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

    [Fact]
    public void Scan_FindingBeforeTheError_Stands() =>
        Assert.Equal(["pickle.name", "pickle.call", "pickle.malformed"], Looked.At(Join(Proto(), Call("os", "system"), 0xff)).Rules);
}
