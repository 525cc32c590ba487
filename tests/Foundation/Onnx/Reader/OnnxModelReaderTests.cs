using Merlon.Onnx.Contracts;
using Merlon.Onnx.Reader;
using Merlon.Onnx.Tests.Models;

namespace Merlon.Onnx.Tests.Reader;

public sealed class OnnxModelReaderTests
{
    [Theory]
    [InlineData("mlp")]
    [InlineData("forest")]
    [InlineData("cnn")]
    [InlineData("transformer")]
    [InlineData("strings")]
    [InlineData("types")]
    [InlineData("slow")]
    [InlineData("external")]
    public void Read_ModelOfAnotherTool_AgreesWithTheRuntime(string name)
    {
        var info = Read(TestModels.Read(name));
        Assert.Empty(info.Duplicates);
        Assert.Empty(info.Unsupported);
        Assert.Equal(name == "external" ? 6 : 0, info.ExternalData.Count);
        if (name == "external")
            return;
        using var session = OnnxSession.Load(TestModels.Read(name), [], new OnnxSessionOptions());
        Assert.Equal(session.Signature.Inputs.Select(spec => spec.Name), info.Inputs.Select(value => value.Name));
        Assert.Equal(session.Signature.Outputs.Select(spec => spec.Name), info.Outputs.Select(value => value.Name));
        Assert.Equal(session.Signature.Inputs.Select(spec => spec.Shape.ToArray()), info.Inputs.Select(value => value.Shape!.ToArray()));
    }

    [Fact]
    public void Read_Subgraph_OperatorsInsideAreCounted()
    {
        var info = Read(TestModels.Read("slow"));
        Assert.Contains(info.Operators, used => used.Type == "MatMul");
        Assert.Contains(info.Operators, used => used.Type == "Loop");
    }

    [Fact]
    public void Read_SequenceOutput_IsNamedAsSuch() =>
        Assert.Equal("sequence", Read(TestModels.Read("zipmap")).Outputs[1].Kind);

    [Fact]
    public void Read_TruncatedAnywhere_IsRefused()
    {
        var model = TestModels.Read("slow");
        for (var length = 0; length < model.Length; length++)
            Assert.Throws<OnnxFormatException>(() => Read(model.AsSpan(0, length).ToArray()));
    }

    [Fact]
    public void Read_AnyCorruption_ReadsOrRefusesAndNothingElse()
    {
        var random = new Random(11);
        foreach (var name in (string[])["slow", "strings", "external", "types"])
        {
            var model = TestModels.Read(name);
            for (var i = 0; i < 20_000; i++)
            {
                var bad = model.ToArray();
                for (var flips = random.Next(1, 4); flips > 0; flips--)
                    bad[random.Next(bad.Length)] = (byte)random.Next(256);
                try
                {
                    Read(bad);
                }
                catch (OnnxFormatException)
                {
                }
            }
        }
    }

    [Theory]
    [InlineData("")]                                    // empty
    [InlineData("F801 01")]                             // field 31 of ModelProto
    [InlineData("08 FFFFFFFFFFFFFFFFFFFF7F")]           // a number over 64 bits
    [InlineData("3A 05 0A")]                            // a graph that ends too early
    [InlineData("3B")]                                  // group wire type
    [InlineData("00")]                                  // field 0
    [InlineData("38 01")]                               // a graph that is a number
    public void Read_Malformed_IsRefusedWithAnOffset(string hex)
    {
        var bytes = Convert.FromHexString(hex.Replace(" ", "", StringComparison.Ordinal));
        var error = Assert.Throws<OnnxFormatException>(() => Read(bytes));
        Assert.InRange(error.Offset, 0, bytes.Length);
    }

    [Fact]
    public void Read_NestedAtAndOverTheBound_ReadsAndRefuses()
    {
        // The first graph is one message; each further one stands inside a node and an attribute.
        const int deepest = (Limits.Depth - 1) / 3 + 1;
        Assert.NotNull(Read(Nested(deepest)));
        var error = Assert.Throws<OnnxFormatException>(() => Read(Nested(deepest + 1)));
        Assert.Contains("deep", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_NameAtAndOverTheBound_ReadsAndRefuses()
    {
        Assert.NotNull(Read(Model(Message(1, Message(4, new byte[Limits.Name].Select(_ => (byte)'a').ToArray())))));
        Assert.Throws<OnnxFormatException>(() => Read(Model(Message(1, Message(4, new byte[Limits.Name + 1].Select(_ => (byte)'a').ToArray())))));
    }

    [Fact]
    public void Read_FileOver2GiB_IsRefusedUnread()
    {
        using var stream = new HugeStream(1L << 31);
        Assert.Throws<OnnxFormatException>(() => OnnxModelReader.Read(stream));
    }

    [Fact]
    public void Read_LargeInitialiser_IsJumpedOverInBoundedMemory()
    {
        // A tensor of 1 GiB of raw data that exists only as a length.
        const int gib = 1 << 30;
        byte[] start = [8, 8, .. Message(8, [16, 15]), .. GraphWith(TensorHead(gib), gib)];
        using var stream = new HugeStream(0, start, gib);
        var before = GC.GetAllocatedBytesForCurrentThread();
        var info = OnnxModelReader.Read(stream);
        Assert.Equal(gib, info.Parameters);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1024 * 1024);
    }

    private static OnnxModelInfo Read(byte[] bytes) => OnnxModelReader.Read(new MemoryStream(bytes));

    private static byte[] Varint(long value)
    {
        var bytes = new List<byte>();
        for (var rest = (ulong)value; ; rest >>= 7)
        {
            bytes.Add((byte)(rest > 0x7F ? (rest & 0x7F) | 0x80 : rest));
            if (rest <= 0x7F)
                return [.. bytes];
        }
    }

    private static byte[] Tag(int field) => Varint((field << 3) | 2);

    private static byte[] Message(int field, byte[] content) => [.. Tag(field), .. Varint(content.Length), .. content];

    /// <summary>ir_version 8, opset 15 and a graph.</summary>
    private static byte[] Model(byte[] graph) => [8, 8, .. Message(8, [16, 15]), .. Message(7, graph)];

    private static byte[] Nested(int levels)
    {
        byte[] graph = [];
        for (var i = 1; i < levels; i++)
            graph = Message(1, [.. Message(4, "If"u8.ToArray()), .. Message(5, Message(6, graph))]);
        return Model(graph);
    }

    /// <summary>dims [gib], data_type uint8, then the key and length of raw_data.</summary>
    private static byte[] TensorHead(int bytes) => [8, .. Varint(bytes), 16, 2, .. Tag(9), .. Varint(bytes)];

    private static byte[] GraphWith(byte[] tensorHead, long follow)
    {
        byte[] initializer = [.. Tag(5), .. Varint(tensorHead.Length + follow), .. tensorHead];
        return [.. Tag(7), .. Varint(initializer.Length + follow), .. initializer];
    }

    /// <summary>A few real bytes and then as many zeros as one likes.</summary>
    private sealed class HugeStream(long length, byte[]? head = null, long zeros = 0) : Stream
    {
        private readonly byte[] _head = head ?? [];

        public override bool CanRead => true;
        public override bool CanSeek => true;
        public override bool CanWrite => false;
        public override long Length => length + _head.Length + zeros;
        public override long Position { get; set; }

        public override int Read(byte[] buffer, int offset, int count)
        {
            if (Position >= Length)
                return 0;
            buffer.AsSpan(offset, count).Clear();
            if (Position < _head.Length)
                _head.AsSpan((int)Position, (int)Math.Min(count, _head.Length - Position)).CopyTo(buffer.AsSpan(offset));
            count = (int)Math.Min(count, Length - Position);
            Position += count;
            return count;
        }

        public override int Read(Span<byte> buffer)
        {
            var array = new byte[buffer.Length];
            var count = Read(array, 0, array.Length);
            array.AsSpan(0, count).CopyTo(buffer);
            return count;
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
        public override void SetLength(long value) => throw new NotSupportedException();
        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
        public override void Flush() => throw new NotSupportedException();
    }
}
