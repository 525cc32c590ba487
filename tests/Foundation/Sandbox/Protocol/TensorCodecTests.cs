using System.Buffers;
using Merlon.Kernel;
using Merlon.Sandbox.Contracts;
using Merlon.Sandbox.Protocol;

namespace Merlon.Sandbox.Tests.Protocol;

public sealed class TensorCodecTests
{
    [Fact]
    public void TensorReader_WrittenPayload_ReadsTheSame()
    {
        using var writer = new TensorWriter(16);
        writer.WriteTensor(3, TensorType.Int64, [2, 1], new byte[16]);
        writer.BeginTensor(1, TensorType.Bytes, [-1]);
        writer.WriteBytesElement("π"u8);
        writer.WriteBytesElement(""u8);
        writer.SetDimension(0, 2);
        writer.EndTensor();
        writer.WriteTensor(2, TensorType.Bool, [], [1]);
        writer.WriteOutputs([4, 0]);

        var reader = new TensorReader(writer.Payload.Span);
        Assert.Equal(3, reader.Count);
        Assert.True(reader.TryNext(out var first));
        Assert.Equal((3, TensorType.Int64, 2, 2L), (first.Index, first.Type, first.Rank, first.ElementCount));
        Assert.True(reader.TryNext(out var second));
        Assert.Equal([2, 0, 0, 0, 0xCF, 0x80, 0, 0, 0, 0], second.Data.ToArray());
        Assert.True(reader.TryNext(out var third));
        Assert.Equal((0, 1L), (third.Rank, third.ElementCount));
        Assert.False(reader.TryNext(out _));
        var outputs = new ushort[8];
        Assert.Equal(2, reader.ReadOutputs(outputs));
        Assert.Equal([4, 0], outputs[..2]);
    }

    [Theory]
    [InlineData(new long[] { 2 }, 7)]                                  // too few bytes
    [InlineData(new long[] { 2 }, 9)]                                  // too many
    [InlineData(new long[] { -1 }, 0)]                                 // negative
    [InlineData(new long[] { 1L << 4, (1L << 60) + 2 }, 32)]           // a product that wraps to 32
    [InlineData(new long[] { 0, 1L << 62 }, 0)]                        // an overflow hidden behind a zero
    [InlineData(new long[] { 1, 1, 1, 1, 1, 1, 1, 1, 1 }, 4)]          // nine dimensions
    public void EndTensor_ShapeAndDataDisagree_Throws(long[] shape, int bytes)
    {
        using var writer = new TensorWriter();
        Assert.Throws<WorkerProtocolException>(() => writer.WriteTensor(0, TensorType.Fp32, shape, new byte[bytes]));
    }

    [Theory]
    [InlineData("0100 0000 0B 01 0200000000000000 08000000 00000000")]                   // data shorter than announced
    [InlineData("0100 0000 0B 01 0200000000000000 04000000 00000000 0000")]              // shape asks for more than the data
    [InlineData("0100 0000 00 00 00000000 0000")]                                        // type 0
    [InlineData("0100 0000 0F 00 00000000 0000")]                                        // type 15
    [InlineData("0100 0000 0B 09 00")]                                                   // rank 9
    [InlineData("0100 0000 0D 01 0100000000000000 04000000 01000000 0000")]              // a BYTES element longer than its tensor
    [InlineData("0100 0000 0D 01 0100000000000000 05000000 00000000 FF 0000")]           // bytes after the last BYTES element
    [InlineData("FFFF")]                                                                 // too many tensors
    [InlineData("00")]                                                                   // not even a count
    [InlineData("0000 0000 00")]                                                         // a byte after the outputs
    [InlineData("0000 0300 0000 0100 0200")]                                             // more outputs than the model has
    public void TensorReader_Malformed_Throws(string hex)
    {
        var payload = Convert.FromHexString(hex.Replace(" ", "", StringComparison.Ordinal));
        Assert.Throws<WorkerProtocolException>(() => ReadAll(payload));
    }

    [Fact]
    public void TensorReader_AnyCorruptionOrTruncation_ReadsOrThrowsProtocolException()
    {
        using var writer = new TensorWriter();
        writer.WriteTensor(0, TensorType.Fp32, [2, 3], new byte[24]);
        writer.BeginTensor(1, TensorType.Bytes, [2]);
        writer.WriteBytesElement("ab"u8);
        writer.WriteBytesElement("cde"u8);
        writer.EndTensor();
        writer.WriteOutputs([0]);
        var good = writer.Payload.ToArray();
        ReadAll(good);
        for (var length = 0; length < good.Length; length++)
            Assert.Throws<WorkerProtocolException>(() => ReadAll(good.AsSpan(0, length)));

        var random = new Random(7);
        for (var i = 0; i < 200_000; i++)
        {
            var bad = good.ToArray();
            for (var flips = random.Next(1, 5); flips > 0; flips--)
                bad[random.Next(bad.Length)] = (byte)random.Next(256);
            try
            {
                ReadAll(bad);
            }
            catch (WorkerProtocolException)
            {
            }
        }
    }

    [Fact]
    public void FrameHeader_LengthAtAndOverTheBound_AcceptsAndThrows()
    {
        var header = new byte[FrameHeader.Size];
        new FrameHeader(FrameKind.Infer, 1, Limits.MaxPayload).Write(header);
        Assert.True(FrameHeader.TryRead(header, out var read));
        Assert.Equal(Limits.MaxPayload, read.PayloadLength);
        new FrameHeader(FrameKind.Infer, 1, Limits.MaxPayload + 1).Write(header);
        Assert.Throws<WorkerProtocolException>(() => FrameHeader.TryRead(header, out _));
    }

    [Fact]
    public void TensorWriter_PayloadAtAndOverTheBound_AcceptsAndThrows()
    {
        using var writer = new TensorWriter();
        var room = Limits.MaxPayload - writer.Payload.Length;
        writer.GetSpan(room);
        Assert.Throws<WorkerProtocolException>(() => writer.GetSpan(room + 1));
    }

    private static void ReadAll(ReadOnlySpan<byte> payload)
    {
        var reader = new TensorReader(payload);
        Span<long> shape = stackalloc long[8];
        while (reader.TryNext(out var tensor))
            tensor.CopyShape(shape);
        reader.ReadOutputs(stackalloc ushort[2]);
    }
}
