using System.Globalization;
using System.Text;
using Merlon.Gateway.Parsing;

namespace Merlon.Gateway.Tests.Parsing;

public sealed class NumberTests
{
    private static void Check(string text)
    {
        var bytes = Encoding.ASCII.GetBytes(text);
        var expected = double.Parse(text, CultureInfo.InvariantCulture);
        var actual = Number.ToDouble(bytes);
        Assert.True(BitConverter.DoubleToInt64Bits(expected) == BitConverter.DoubleToInt64Bits(actual), $"{text}: {expected:R} but {actual:R}");
        var single = float.Parse(text, CultureInfo.InvariantCulture);
        if (!double.IsFinite(actual))
            return;
        var narrowed = Number.ToSingle(bytes, actual);
        Assert.True(BitConverter.SingleToInt32Bits(single) == BitConverter.SingleToInt32Bits(narrowed), $"{text}: {single:R} but {narrowed:R}");
    }

    [Theory]
    [InlineData("0")]
    [InlineData("-0")]
    [InlineData("-0.0")]
    [InlineData("9007199254740992")]
    [InlineData("9007199254740993")]
    [InlineData("18446744073709551615")]
    [InlineData("18446744073709551616")]
    [InlineData("99999999999999999999")]
    [InlineData("0.0000000000000000001")]
    [InlineData("1.0000000596046448")] // Half way between two floats, a hair beyond in decimal.
    [InlineData("1.00000005960464477539062501")]
    [InlineData("1.00000005960464477539062499")]
    [InlineData("1.17549435e-38")]
    [InlineData("1.1754942e-38")]
    [InlineData("7e-46")]
    [InlineData("7.006492321624085e-46")]
    [InlineData("4.9406564584124654e-324")]
    [InlineData("2.4703282292062327e-324")]
    [InlineData("3.40282356779733661637539395458e38")]
    [InlineData("3.40282356779733661637539395457e38")]
    [InlineData("1.7976931348623157e308")]
    [InlineData("1.7976931348623159e308")]
    public void ToDouble_HardCases_AgreeWithTheFramework(string text) => Check(text);

    [Fact]
    public void ToDouble_ManyRandomTexts_AgreeWithTheFramework()
    {
        var random = new Random(20_250_101);
        for (var i = 0; i < 200_000; i++)
        {
            Check(BitConverter.Int64BitsToDouble(random.NextInt64()) is var d && double.IsFinite(d) ? d.ToString("R", CultureInfo.InvariantCulture) : "1");
            Check(BitConverter.Int32BitsToSingle(random.Next()) is var f && float.IsFinite(f) ? f.ToString("R", CultureInfo.InvariantCulture) : "1");
            Check($"{(random.Next(2) == 0 ? "-" : "")}{random.NextInt64(1L << random.Next(1, 62))}.{random.Next()}");
            // A midpoint of two floats, shown with more digits than a double has.
            var bits = BitConverter.SingleToInt32Bits((float)random.NextDouble());
            var middle = ((double)BitConverter.Int32BitsToSingle(bits) + BitConverter.Int32BitsToSingle(bits + 1)) / 2;
            Check(middle.ToString("F60", CultureInfo.InvariantCulture).TrimEnd('0') + "0000000000000000000000001");
            Check(middle.ToString("R", CultureInfo.InvariantCulture));
        }
    }
}
