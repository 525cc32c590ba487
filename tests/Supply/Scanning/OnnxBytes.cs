using System.Text;

namespace Merlon.Scanning.Tests;

/// <summary>ONNX files written byte by byte, to say what no exporter would.</summary>
internal static class OnnxBytes
{
    public static byte[] Varint(long value)
    {
        var bytes = new List<byte>();
        for (var rest = (ulong)value; ; rest >>= 7)
        {
            bytes.Add((byte)(rest > 0x7F ? (rest & 0x7F) | 0x80 : rest));
            if (rest <= 0x7F)
                return [.. bytes];
        }
    }

    public static byte[] Message(int field, byte[] content) => [.. Varint((field << 3) | 2), .. Varint(content.Length), .. content];

    public static byte[] Text(int field, string text) => Message(field, Encoding.UTF8.GetBytes(text));

    public static byte[] Number(int field, long value) => [.. Varint(field << 3), .. Varint(value)];

    public static byte[] Opset(string domain, long version) => Message(8, [.. Text(1, domain), .. Number(2, version)]);

    /// <summary>A float tensor of the shape.</summary>
    public static byte[] Value(int field, string name, params long[] shape) => Message(field, [.. Text(1, name),
        .. Message(2, Message(1, [.. Number(1, 1), .. Message(2, [.. shape.SelectMany(d => Message(1, d < 0 ? Text(2, "n") : Number(1, d)))])]))]);

    public static byte[] Node(string type, string domain = "", string input = "x", string output = "y", byte[]? attribute = null) => Message(1,
        [.. Text(1, input), .. Text(2, output), .. Text(4, type), .. Text(7, domain), .. attribute is null ? [] : Message(5, attribute)]);

    /// <summary>An initialiser of <paramref name="elements"/> floats somewhere else.</summary>
    public static byte[] External(string name, long elements, params (string Key, string Value)[] entries) => Message(5,
        [.. Number(1, elements), .. Number(2, 1), .. Text(8, name), .. entries.SelectMany(e => Message(13, [.. Text(1, e.Key), .. Text(2, e.Value)])), .. Number(14, 1)]);

    /// <summary>IR version 8, opset 15, one input x and one output y around <paramref name="graph"/>.</summary>
    public static byte[] Model(byte[] graph, byte[]? more = null) =>
        [.. Number(1, 8), .. Opset("", 15), .. more ?? [], .. Message(7, [.. graph, .. Value(11, "x", -1, 4), .. Value(12, "y", -1, 4)])];
}
