using static Merlon.Scanning.Tests.Content.ContentCases;
using static Merlon.Scanning.Tests.OnnxBytes;

namespace Merlon.Scanning.Tests.Content;

public sealed class TensorFlowTests
{
    internal static byte[] Node(string name, string operation, params byte[] more) => [.. Text(1, name), .. Text(2, operation), .. more];

    internal static byte[] Function(string name, params string[] operations) =>
        [.. Message(1, Text(1, name)), .. operations.SelectMany(operation => Message(3, Node("n", operation)))];

    internal static byte[] Graph(string[] operations, params byte[][] functions) =>
        [.. operations.SelectMany((operation, i) => Message(1, Node($"n{i}", operation))), .. Message(2, [.. functions.SelectMany(function => Message(1, function))]), .. Message(4, Number(1, 1000))];

    internal static byte[] SavedModel(byte[] graph, params byte[] more) =>
        [.. Number(1, 1), .. Message(2, [.. Message(1, Text(4, "serve")), .. Message(2, graph), .. Message(3, Text(1, "saver")), .. Message(5, Text(1, "serving_default")), .. more])];

    private static readonly byte[] s_ordinary = Graph(["Placeholder", "Const", "MatMul", "StatefulPartitionedCall", "RestoreV2"], Function("__inference_call_1", "ReadVariableOp", "MatMul", "Identity"));

    [Fact]
    public void Scan_OrdinaryGraphs_Pass()
    {
        Passes("saved_model.pb", SavedModel(s_ordinary), "tensorflow-saved-model");
        Passes("saved_model.pb", SavedModel(s_ordinary, Message(6, [.. Message(1, []), .. Text(2, "vocab.txt")])), "tensorflow-saved-model");
        Passes("frozen.pb", s_ordinary, "tensorflow-graph");
        Passes("saved_model.pb", SavedModel(Graph(["__inference_f_2"], Function("__inference_f_2", "Relu"))), "tensorflow-saved-model");
    }

    [Theory]
    [InlineData("ReadFile", "tensorflow.file-operation")]
    [InlineData("WriteFile", "tensorflow.file-operation")]
    [InlineData("MatchingFiles", "tensorflow.file-operation")]
    [InlineData("PrintV2", "tensorflow.file-operation")]
    [InlineData("TFRecordDataset", "tensorflow.file-operation")]
    [InlineData("PyFunc", "tensorflow.python-operation")]
    [InlineData("EagerPyFunc", "tensorflow.python-operation")]
    [InlineData("LoadLibrary", "tensorflow.python-operation")]
    [InlineData("RpcCall", "tensorflow.operation")]
    [InlineData("MyCustomOp", "tensorflow.operation")]
    [InlineData("readfile", "tensorflow.operation")]
    [InlineData("MatMul ", "tensorflow.operation")]
    public void Scan_UnlistedOperation_IsBlockedWhereverItStands(string operation, string rule)
    {
        Blocks("saved_model.pb", SavedModel(Graph(["Const", operation])), rule);
        Blocks("saved_model.pb", SavedModel(Graph(["Const"], Function("__inference_f", "Identity", operation))), rule);
        Blocks("frozen.pb", Graph(["Const", operation]), rule);
        // A function of the same name does not make the operation harmless.
        Blocks("saved_model.pb", SavedModel(Graph(["Const", operation], Function(operation, "Identity"))), rule);
        // The last of two operations of one node counts for the runtime; both count here.
        Blocks("saved_model.pb", SavedModel(Message(1, [.. Node("n", operation), .. Text(2, "Const")])), rule);
    }

    [Fact]
    public void Scan_SecondMetaGraph_IsLookedIntoToo() =>
        Blocks("saved_model.pb", [.. SavedModel(s_ordinary), .. Message(2, Message(2, Graph(["ReadFile"])))], "tensorflow.file-operation");

    [Theory]
    [InlineData("../../etc/passwd")]
    [InlineData("/etc/passwd")]
    [InlineData("c:\\x")]
    public void Scan_AssetOutside_IsBlocked(string name) => Blocks("saved_model.pb", SavedModel(s_ordinary, Message(6, [.. Message(1, []), .. Text(2, name)])), "tensorflow.asset");

    [Fact]
    public void Scan_BrokenGraphs_AreBlocked()
    {
        Blocks("saved_model.pb", SavedModel(Graph([], Function("MatMul", "Identity"))), "tensorflow.function-shadows");
        Blocks("saved_model.pb", SavedModel(s_ordinary, Text(9, "x")), "tensorflow.unknown-field");
        Blocks("saved_model.pb", SavedModel([.. s_ordinary, .. Text(77, "x")]), "tensorflow.unknown-field");
        Blocks("saved_model.pb", SavedModel(s_ordinary)[..^3], "tensorflow.malformed");
        Blocks("saved_model.pb", SavedModel(Message(1, Text(1, "no operation"))), "tensorflow.malformed");
        Blocks("saved_model.pb", [.. SavedModel(s_ordinary), 0x80, 4, 0x95, 0, 0], "tensorflow.unknown-field");
        Blocks("saved_model.pb", [.. SavedModel(s_ordinary), 0x12, 0x7F, 1], "tensorflow.malformed");
        Blocks("frozen.pb", s_ordinary[..^1], "file.unknown");
    }

    [Fact]
    public void Scan_Checkpoint_IsToldAndBlockedWithoutItsModel()
    {
        byte[] index = [.. new byte[100], 0x57, 0xFB, 0x80, 0x8B, 0x24, 0x75, 0x47, 0xDB];
        byte[] shard = [0, 1, 2, 3, 0xFF];
        var model = ("m/saved_model.pb", SavedModel(s_ordinary));
        Warns("m/variables/variables.index", index, "tensorflow.checkpoint", model);
        Warns("m/variables/variables.data-00000-of-00001", shard, "tensorflow.checkpoint", model, ("m/variables/variables.index", index));
        Blocks("variables.index", index, "tensorflow.checkpoint-alone");
        Blocks("m/variables/variables.data-00000-of-00001", shard, "file.unknown", model);
        Blocks("m/variables/variables.data-00000-of-00001", shard, "file.unknown", model, ("m/variables/variables.index", shard));
    }

    [Fact]
    public void Scan_NameAtAndOverTheBound_IsReadAndMalformed()
    {
        Blocks("saved_model.pb", SavedModel(Graph([new string('x', TensorFlow.Limits.NameBytes)])), "tensorflow.operation");
        Blocks("saved_model.pb", SavedModel(Graph([new string('x', TensorFlow.Limits.NameBytes + 1)])), "tensorflow.malformed");
    }

    [Fact]
    public void Scan_FunctionsAtAndOverTheBound_PassAndBlock()
    {
        static byte[] Many(int count) => SavedModel([.. Message(2, [.. Enumerable.Range(0, count).SelectMany(i => Message(1, Message(1, Text(1, $"__inference_{i}"))))])]);
        Passes("saved_model.pb", Many(TensorFlow.Limits.Functions), "tensorflow-saved-model");
        Blocks("saved_model.pb", Many(TensorFlow.Limits.Functions + 1), "tensorflow.malformed");
    }
}
