using System.Runtime.InteropServices;
using System.Text.Json;
using FsCheck;
using FsCheck.Fluent;
using Merlon.Gateway.Answers;
using Merlon.Kernel;

namespace Merlon.Gateway.Tests.Answers;

public sealed class AnswerWriterTests
{
    private static string? Text<T>(TensorType type, params T[] values) where T : unmanaged
    {
        using var to = new PooledBuffer(1024 * 1024);
        return ValueWriter.Write(MemoryMarshal.AsBytes<T>(values), type, to) ? System.Text.Encoding.UTF8.GetString(to.Span) : null;
    }

    [Fact]
    public void Write_AnyFiniteNumber_ReadsBackToTheSameBits()
    {
        var bits = ArbMap.Default.GeneratorFor<long>().Select(BitConverter.Int64BitsToDouble).Where(double.IsFinite).NonEmptyListOf();
        Prop.ForAll(bits.ToArbitrary(), doubles =>
        {
            using var json = JsonDocument.Parse("[" + Text(TensorType.Fp64, doubles.ToArray()) + "]");
            var floats = doubles.Select(d => (float)d).Where(float.IsFinite).ToArray();
            using var narrow = JsonDocument.Parse("[" + Text(TensorType.Fp32, floats) + "]");
            return json.RootElement.EnumerateArray().Select(e => BitConverter.DoubleToInt64Bits(e.GetDouble())).SequenceEqual(doubles.Select(BitConverter.DoubleToInt64Bits))
                && narrow.RootElement.EnumerateArray().Select(e => BitConverter.SingleToInt32Bits(e.GetSingle())).SequenceEqual(floats.Select(BitConverter.SingleToInt32Bits));
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(500));
    }

    [Fact]
    public void Write_ValuesWithoutJsonForm_AreRefused()
    {
        Assert.Null(Text(TensorType.Fp32, 1f, float.NaN));
        Assert.Null(Text(TensorType.Fp32, float.NegativeInfinity));
        Assert.Null(Text(TensorType.Fp64, double.PositiveInfinity));
        Assert.Null(Text<byte>(TensorType.Bool, 0, 2));
        Assert.Null(Text<ushort>(TensorType.Fp16, 0));
        Assert.Equal("true,false", Text<byte>(TensorType.Bool, 1, 0));
        Assert.Equal("18446744073709551615,0", Text<ulong>(TensorType.UInt64, ulong.MaxValue, 0));
        Assert.Equal("-9223372036854775808", Text(TensorType.Int64, long.MinValue));
        Assert.Equal("-128,127", Text<sbyte>(TensorType.Int8, -128, 127));
        // Blocks of values join without a seam.
        Assert.Equal(string.Join(",", Enumerable.Range(0, 1000)), Text(TensorType.Int32, Enumerable.Range(0, 1000).ToArray()));
    }

    [Fact]
    public void PooledBuffer_AtItsBound_TakesTheLastByteAndNoMore()
    {
        using var buffer = new PooledBuffer(5000);
        buffer.Write(new byte[5000]);
        Assert.Equal(5000, buffer.Length);
        buffer.Reset();
        buffer.Write(new byte[4999]);
        Assert.Throws<BufferFullException>(() => buffer.Write(new byte[100_000]));
    }
}
