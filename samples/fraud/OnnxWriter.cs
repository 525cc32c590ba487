using System.Buffers.Binary;
using System.Text;

namespace Merlon.Samples.Fraud;

/// <summary>
/// Writes the network as an ONNX model (IR version 8, opset 17) with standard operators only. Field numbers are those of the ONNX protobuf definition.
/// </summary>
public static class OnnxWriter
{
    private const int FloatType = 1;

    /// <summary>Input <c>transactions</c> FP32 [batch, 30]; output <c>fraud_probability</c> FP32 [batch, 1].</summary>
    public static byte[] Write(Network network) => Write(network, externalLocation: null);

    /// <summary>The same model with its first weights kept in another file, as large models do. A hostile location shows what a loader may be led to.</summary>
    public static byte[] WriteWithExternalData(Network network, string location) => Write(network, location);

    private static byte[] Write(Network network, string? externalLocation)
    {
        var graph = new Message();
        graph.Add(1, Node("Sub", ["transactions", "mean"], "centred"));
        graph.Add(1, Node("Div", ["centred", "deviation"], "layer0"));
        for (var layer = 0; layer < 3; layer++)
        {
            graph.Add(1, Gemm($"layer{layer}", layer));
            graph.Add(1, Node(layer < 2 ? "Relu" : "Sigmoid", [$"sum{layer}"], layer < 2 ? $"layer{layer + 1}" : "fraud_probability"));
        }
        graph.Add(2, "fraud");
        graph.Add(5, Tensor("mean", [Features.Count], network.Mean));
        graph.Add(5, Tensor("deviation", [Features.Count], network.Deviation));
        for (var layer = 0; layer < 3; layer++)
        {
            graph.Add(5, layer == 0 && externalLocation is not null
                ? ExternalTensor("weights0", [Network.Sizes[1], Network.Sizes[0]], externalLocation)
                : Tensor($"weights{layer}", [Network.Sizes[layer + 1], Network.Sizes[layer]], network.Weights[layer]));
            graph.Add(5, Tensor($"bias{layer}", [Network.Sizes[layer + 1]], network.Biases[layer]));
        }
        graph.Add(11, ValueInfo("transactions", Features.Count));
        graph.Add(12, ValueInfo("fraud_probability", 1));

        var opset = new Message();
        opset.Add(1, "");
        opset.Add(2, 17);
        var model = new Message();
        model.Add(1, 8);
        model.Add(2, "merlon-sample");
        model.Add(7, graph);
        model.Add(8, opset);
        return model.ToArray();
    }

    private static Message Gemm(string input, int layer)
    {
        var node = Node("Gemm", [input, $"weights{layer}", $"bias{layer}"], $"sum{layer}");
        var transposed = new Message();
        transposed.Add(1, "transB");
        transposed.Add(3, 1);
        transposed.Add(20, 2);
        node.Add(5, transposed);
        return node;
    }

    private static Message Node(string operation, string[] inputs, string output)
    {
        var node = new Message();
        foreach (var input in inputs)
            node.Add(1, input);
        node.Add(2, output);
        node.Add(3, $"{operation}_{output}");
        node.Add(4, operation);
        return node;
    }

    private static Message ExternalTensor(string name, int[] dimensions, string location)
    {
        const int external = 1;
        var entry = new Message();
        entry.Add(1, "location");
        entry.Add(2, location);
        var tensor = TensorHead(name, dimensions);
        tensor.Add(13, entry);
        tensor.Add(14, external);
        return tensor;
    }

    private static Message TensorHead(string name, int[] dimensions)
    {
        var tensor = new Message();
        foreach (var dimension in dimensions)
            tensor.Add(1, dimension);
        tensor.Add(2, FloatType);
        tensor.Add(8, name);
        return tensor;
    }

    private static Message Tensor(string name, int[] dimensions, float[] values)
    {
        var tensor = TensorHead(name, dimensions);
        var raw = new byte[values.Length * sizeof(float)];
        for (var i = 0; i < values.Length; i++)
            BinaryPrimitives.WriteSingleLittleEndian(raw.AsSpan(i * sizeof(float)), values[i]);
        tensor.Add(9, raw);
        return tensor;
    }

    private static Message ValueInfo(string name, int columns)
    {
        var batch = new Message();
        batch.Add(2, "batch");
        var fixedDimension = new Message();
        fixedDimension.Add(1, columns);
        var shape = new Message();
        shape.Add(1, batch);
        shape.Add(1, fixedDimension);
        var tensor = new Message();
        tensor.Add(1, FloatType);
        tensor.Add(2, shape);
        var type = new Message();
        type.Add(1, tensor);
        var info = new Message();
        info.Add(1, name);
        info.Add(2, type);
        return info;
    }

    /// <summary>One protobuf message: varint fields and length-delimited fields are all that ONNX needs here.</summary>
    private sealed class Message
    {
        private readonly MemoryStream _bytes = new();

        public void Add(int field, long value)
        {
            Varint((ulong)field << 3);
            Varint((ulong)value);
        }

        public void Add(int field, string text) => Add(field, Encoding.UTF8.GetBytes(text));
        public void Add(int field, Message message) => Add(field, message.ToArray());

        public void Add(int field, byte[] bytes)
        {
            Varint(((ulong)field << 3) | 2);
            Varint((ulong)bytes.Length);
            _bytes.Write(bytes);
        }

        public byte[] ToArray() => _bytes.ToArray();

        private void Varint(ulong value)
        {
            while (value >= 0x80)
            {
                _bytes.WriteByte((byte)(value | 0x80));
                value >>= 7;
            }
            _bytes.WriteByte((byte)value);
        }
    }
}
