using System.Text;
using Merlon.Admission.Contracts;
using Merlon.Gateway.Parsing;
using Merlon.Kernel;
using Merlon.Sandbox.Contracts;
using static Merlon.Gateway.Tests.Parsing.ParserHarness;

namespace Merlon.Gateway.Tests.Parsing;

public sealed class InferParserTests
{
    [Theory]
    [InlineData("""{"inputs":[{"name":"x","shape":[2,2],"datatype":"FP32","data":[1,2,3,4]}]}""")]
    [InlineData("""{"inputs":[{"data":[[1,2],[3,4]],"datatype":"FP32","shape":[2,2],"name":"x"}]}""")]
    [InlineData("""{"inputs":[{"shape":[2,2],"data":[1,2,3,4],"name":"x","extra":{"data":[9]},"datatype":"FP32"}],"later":[1]}""")]
    [InlineData("""{"\u0069nputs":[{"n\u0061me":"\u0078","shape":[2,2],"datatype":"FP32","data":[1.0,2e0,0.3E1,40e-1]}]}""")]
    [InlineData("""{"outputs":[{"name":"y"}],"parameters":{"a":[{}]},"id":"1","inputs":[{"name":"x","parameters":{"shape":[7]},"shape":[2,2],"datatype":"FP32","data":[1,2,3,4]}]}""")]
    public void Parse_FieldsInAnyOrder_ReadsTheSameTensor(string json)
    {
        using var request = new InferRequest();
        Assert.Null(Parse(Contract(Input(TensorType.Fp32, -1, 2)), json, request));
        Assert.Equal(2, request.Batch);
        Assert.Equal([1f, 2, 3, 4], Values<float>(request));
    }

    [Fact]
    public void Parse_EveryType_KeepsTheExactValue()
    {
        Assert.Equal([long.MinValue, 9007199254740993, long.MaxValue], Accept<long>(Input(TensorType.Int64, 3), "[-9223372036854775808,9007199254740993,9223372036854775807]", "[3]"));
        Assert.Equal([ulong.MaxValue], Accept<ulong>(Input(TensorType.UInt64, 1), "[18446744073709551615]", "[1]"));
        Assert.Equal([int.MinValue, int.MaxValue], Accept<int>(Input(TensorType.Int32, 2), "[-2147483648,2147483647]", "[2]"));
        Assert.Equal([uint.MaxValue], Accept<uint>(Input(TensorType.UInt32, 1), "[4294967295]", "[1]"));
        Assert.Equal([short.MinValue, short.MaxValue], Accept<short>(Input(TensorType.Int16, 2), "[-32768,32767]", "[2]"));
        Assert.Equal([ushort.MaxValue], Accept<ushort>(Input(TensorType.UInt16, 1), "[65535]", "[1]"));
        Assert.Equal([sbyte.MinValue, sbyte.MaxValue], Accept<sbyte>(Input(TensorType.Int8, 2), "[-128,127]", "[2]"));
        Assert.Equal([byte.MaxValue], Accept<byte>(Input(TensorType.UInt8, 1), "[255]", "[1]"));
        Assert.Equal([(byte)1, (byte)0], Accept<byte>(Input(TensorType.Bool, 2), "[true,false]", "[2]"));
        Assert.Equal([1d / 3, double.MaxValue, double.Epsilon], Accept<double>(Input(TensorType.Fp64, 3), "[0.3333333333333333,1.7976931348623157E+308,5E-324]", "[3]"));
        Assert.Equal([16777217f, float.MaxValue, float.Epsilon], Accept<float>(Input(TensorType.Fp32, 3), "[16777217,3.4028235E+38,1E-45]", "[3]"));
        Assert.Equal([7f], Accept<float>(Input(TensorType.Fp32), "[7]", "[]"));
        Assert.Equal("\u0002\0\0\0é\0\0\0\0"u8.ToArray(), Accept<byte>(Input(TensorType.Bytes, 2), "[\"\\u00e9\",\"\"]", "[2]"));
    }

    [Theory]
    [InlineData(TensorType.Int64, "1.5")]
    [InlineData(TensorType.Int64, "1e2")]
    [InlineData(TensorType.Int64, "9223372036854775808")]
    [InlineData(TensorType.Int64, "\"1\"")]
    [InlineData(TensorType.Int64, "true")]
    [InlineData(TensorType.Int64, "null")]
    [InlineData(TensorType.UInt64, "-1")]
    [InlineData(TensorType.UInt64, "18446744073709551616")]
    [InlineData(TensorType.Int8, "128")]
    [InlineData(TensorType.Int8, "-129")]
    [InlineData(TensorType.UInt8, "256")]
    [InlineData(TensorType.Int32, "2147483648")]
    [InlineData(TensorType.Fp32, "3.5e38")]
    [InlineData(TensorType.Fp32, "1e400")]
    [InlineData(TensorType.Fp64, "1e400")]
    [InlineData(TensorType.Fp64, "-1e400")]
    [InlineData(TensorType.Fp32, "\"NaN\"")]
    [InlineData(TensorType.Fp32, "\"Infinity\"")]
    [InlineData(TensorType.Fp32, "{}")]
    [InlineData(TensorType.Bool, "1")]
    [InlineData(TensorType.Bytes, "1")]
    public void Parse_ValueOfAnotherType_IsRefusedWithItsIndex(TensorType type, string value)
    {
        var good = type switch { TensorType.Bytes => "\"a\"", TensorType.Bool => "true", _ => "1" };
        var refusal = Reject(Input(type, 2, 2), $"[{good},{good},{good},{value}]", "[2,2]");
        Assert.Equal("data.value", refusal.Code);
        Assert.StartsWith("Input 'x', index [1, 1]: expected", refusal.Detail);
    }

    [Fact]
    public void Parse_NonFiniteWhereAllowed_IsTaken()
    {
        var input = Input(TensorType.Fp32, 4) with { AllowNonFinite = true };
        Assert.Equal([float.NaN, float.PositiveInfinity, float.NegativeInfinity, 1], Accept<float>(input, "[\"NaN\",\"Infinity\",\"-Infinity\",1]", "[4]"));
        Reject(input, "[\"nan\",1,1,1]", "[4]");
        Reject(input, "[NaN,1,1,1]", "[4]");
        // A number beyond the type is a mistake, not an infinity.
        Reject(input, "[1e39,1,1,1]", "[4]");
        Reject(input with { Maximum = 5 }, "[\"Infinity\",1,1,1]", "[4]");
    }

    [Fact]
    public void Parse_Bounds_AreInclusiveAndExactBeyond53Bits()
    {
        Accept<float>(Input(TensorType.Fp32, 2) with { Minimum = 0.1, Maximum = 0.2 }, "[0.1,0.2]", "[2]");
        Assert.Equal("data.range", Reject(Input(TensorType.Fp32, 1) with { Maximum = 0.2 }, "[0.20000001]", "[1]").Code);
        // 2^53 as bound: 2^53 + 1 is beyond it although both are the same double.
        Accept<long>(Input(TensorType.Int64, 1) with { Maximum = 9007199254740992 }, "[9007199254740992]", "[1]");
        Reject(Input(TensorType.Int64, 1) with { Maximum = 9007199254740992 }, "[9007199254740993]", "[1]");
        Reject(Input(TensorType.UInt64, 1) with { Maximum = 9007199254740992 }, "[9007199254740993]", "[1]");
        Reject(Input(TensorType.Int64, 1) with { Minimum = 0.5 }, "[0]", "[1]");
        Accept<long>(Input(TensorType.Int64, 1) with { Minimum = 0.5 }, "[1]", "[1]");
        Accept<ulong>(Input(TensorType.UInt64, 1) with { Minimum = -5 }, "[0]", "[1]");
    }

    [Fact]
    public void Parse_ColumnBounds_HoldPerColumnAndNameIt()
    {
        var input = Input(TensorType.Fp32, -1, 3) with { Columns = [new("age", 0, 120), new("free", null, null), new("sum", null, 10)] };
        Accept<float>(input, "[120,1e9,-1e9,0,-1e9,10]", "[2,3]");
        Assert.Equal("Input 'x', index [1, 0]: expected 0 to 120 in column 'age', found 121.", Reject(input, "[1,1,1,121,1,1]", "[2,3]").Detail);
        Assert.Contains("expected at most 10 in column 'sum'", Reject(input, "[1,1,11]", "[1,3]").Detail);
    }

    [Fact]
    public void Parse_TextElements_AreBoundedAndCategorised()
    {
        var input = Input(TensorType.Bytes, -1) with { MaxElementBytes = 3, Categories = ["ab", "ü", "zzz"] };
        Accept<byte>(input, "[\"ab\",\"\\u00fc\",\"zzz\"]", "[3]");
        Assert.Equal("data.category", Reject(input, "[\"ba\"]", "[1]").Code);
        Assert.Equal("data.element", Reject(input, "[\"abcd\"]", "[1]").Code);
        Assert.Equal("data.element", Reject(Input(TensorType.Bytes, -1), "[\"\\ud800\"]", "[1]").Code);
        byte[] notUtf8 = [.. Encoding.UTF8.GetBytes("""{"inputs":[{"name":"x","shape":[1],"datatype":"BYTES","data":[" """.TrimEnd()), 0xC3, 0x28, .. "\"]}]}"u8];
        Assert.Equal("data.element", Parse(Contract(Input(TensorType.Bytes, -1)), notUtf8)!.Code);
        Accept<byte>(Input(TensorType.Bytes, -1) with { MaxElementBytes = 0 }, "[\"\"]", "[1]");
        Reject(Input(TensorType.Bytes, -1) with { MaxElementBytes = 0 }, "[\"a\"]", "[1]");
    }

    [Theory]
    [InlineData("""{"inputs":[]}""", "input.missing")]
    [InlineData("""{}""", "input.missing")]
    [InlineData("""[]""", "request.shape")]
    [InlineData("""{"inputs":{}}""", "inputs.type")]
    [InlineData("""{"inputs":[1]}""", "inputs.type")]
    [InlineData("""{"inputs":[],"inputs":[]}""", "json.twice")]
    [InlineData("""{"id":"a","id":"b","inputs":[]}""", "json.twice")]
    [InlineData("""{"inputs":[{"name":"x","name":"x"}]}""", "json.twice")]
    [InlineData("""{"inputs":[{"name":"x","shape":[1],"datatype":"FP32","data":[1],"data":[2]}]}""", "json.twice")]
    [InlineData("""{"inputs":[{"name":"y"}]}""", "input.unknown")]
    [InlineData("""{"inputs":[{"name":5}]}""", "input.unknown")]
    [InlineData("""{"inputs":[{"shape":[1],"datatype":"FP32","data":[1]}]}""", "input.name")]
    [InlineData("""{"inputs":[{"name":"x","datatype":"FP32","data":[1]}]}""", "input.field")]
    [InlineData("""{"inputs":[{"name":"x","shape":[1],"data":[1]}]}""", "input.field")]
    [InlineData("""{"inputs":[{"name":"x","shape":[1],"datatype":"FP32"}]}""", "input.field")]
    [InlineData("""{"inputs":[{"name":"x","shape":[1],"datatype":"fp32","data":[1]}]}""", "input.datatype")]
    [InlineData("""{"inputs":[{"name":"x","shape":[1],"datatype":"FP64","data":[1]}]}""", "input.datatype")]
    [InlineData("""{"inputs":[{"name":"x","shape":[1],"datatype":"FP16","data":[1]}]}""", "input.datatype")]
    [InlineData("""{"inputs":[{"name":"x","shape":[1,1],"datatype":"FP32","data":[1]}]}""", "input.shape")]
    [InlineData("""{"inputs":[{"name":"x","shape":[0],"datatype":"FP32","data":[]}]}""", "input.shape")]
    [InlineData("""{"inputs":[{"name":"x","shape":[-1],"datatype":"FP32","data":[1]}]}""", "input.shape")]
    [InlineData("""{"inputs":[{"name":"x","shape":[1.0],"datatype":"FP32","data":[1]}]}""", "input.shape")]
    [InlineData("""{"inputs":[{"name":"x","shape":"1","datatype":"FP32","data":[1]}]}""", "input.shape")]
    [InlineData("""{"inputs":[{"name":"x","shape":[1],"datatype":"FP32","data":1}]}""", "data.type")]
    [InlineData("""{"inputs":[{"name":"x","shape":[1],"datatype":"FP32","data":[[1]]}]}""", "data.nesting")]
    [InlineData("""{"inputs":[{"name":"x","shape":[1],"datatype":"FP32","data":[1]},{"name":"x","shape":[1],"datatype":"FP32","data":[1]}]}""", "input.twice")]
    [InlineData("""{"outputs":[{"name":"q"}]}""", "output.unknown")]
    [InlineData("""{"outputs":[{}]}""", "output.name")]
    [InlineData("""{"outputs":[{"name":"y"},{"name":"y"}]}""", "output.twice")]
    [InlineData("""{"outputs":{}}""", "outputs.type")]
    [InlineData("""{"id":5}""", "id.type")]
    [InlineData("""{"id":"a\nb"}""", "id.characters")]
    [InlineData("""{"inputs":[]} x""", "json.invalid")]
    [InlineData("""{"inputs":[],}""", "json.invalid")]
    [InlineData("""{"inputs":[{"name":"x","shape":[1],"datatype":"FP32","data":[01]}]}""", "json.invalid")]
    [InlineData("", "json.invalid")]
    [InlineData("""{"inputs":[{"name":"x","shape":[1],"datatype":"FP32","data":[1""", "json.invalid")]
    public void Parse_RequestOutsideTheProtocol_IsRefusedWithItsCode(string json, string code)
    {
        var refusal = Parse(Contract(Input(TensorType.Fp32, -1)), json);
        Assert.Equal((RefusalKind.Invalid, code), (refusal!.Kind, refusal.Code));
    }

    [Theory]
    [InlineData("[[1,2],[3]]")]
    [InlineData("[[1,2,3],[4]]")]
    [InlineData("[[1,2],[3,4],[5,6]]")]
    [InlineData("[[1,2],3,4]")]
    [InlineData("[[[1,2]],[[3,4]]]")]
    [InlineData("[1,[2],3,4]")]
    [InlineData("[[1,2]]")]
    [InlineData("[[],[]]")]
    [InlineData("[1,2,3,4,5]")]
    [InlineData("[1,2,3]")]
    [InlineData("[]")]
    public void Parse_DataThatDisagreesWithTheShape_IsRefused(string data) =>
        Assert.Contains(Reject(Input(TensorType.Fp32, -1, 2), data, "[2,2]").Code, (string[])["data.nesting", "data.count"]);

    [Fact]
    public void Parse_TwoBatchedInputs_MustAgree()
    {
        var contract = Contract(Input(TensorType.Fp32, -1), Input(TensorType.Fp32, -1) with { Name = "w" });
        const string json = """{"inputs":[{"name":"w","shape":[2],"datatype":"FP32","data":[1,2]},{"name":"x","shape":[3],"datatype":"FP32","data":[1,2,3]}]}""";
        Assert.Equal("input.batch", Parse(contract, json)!.Code);
        using var request = new InferRequest();
        Assert.Null(Parse(contract, json.Replace("[3]", "[2]").Replace("[1,2,3]", "[7,8]"), request));
        request.Tensors.WriteOutputs([]);
        var reader = new TensorReader(request.Tensors.Payload.Span);
        // Written in the caller's order, each under the contract's position.
        Assert.True(reader.TryNext(out var first));
        Assert.True(reader.TryNext(out var second));
        Assert.Equal((1, 0), (first.Index, second.Index));
    }

    [Fact]
    public void Parse_AfterARefusal_TheSameStateServesTheNextRequest()
    {
        var contract = Contract(Input(TensorType.Fp32, -1));
        using var request = new InferRequest();
        Assert.NotNull(Parse(contract, """{"id":"old","outputs":[{"name":"z"}],"inputs":[{"name":"x","shape":[2],"datatype":"FP32","data":[1,"""+ "\"\"]}]}", request));
        Assert.Null(Parse(contract, One("[5]", "[1]", "FP32"), request));
        Assert.Equal((false, 0, 1L), (request.HasId, request.OutputCount, request.Batch));
        Assert.Equal([5f], Values<float>(request));
    }

    [Fact]
    public void Parse_HalfPrecisionContract_IsRefusedInWords()
    {
        Assert.Contains("JSON cannot carry", Reject(Input(TensorType.Fp16, 1), "[1]", "[1]").Detail);
        Assert.Contains("JSON cannot carry", Reject(Input(TensorType.Bf16, 1), "[1]", "[1]").Detail);
        var half = Compile(new TensorContract { Inputs = [Input(TensorType.Fp32, 1)], Outputs = [new OutputTensor { Name = "h", Type = TensorType.Fp16, Shape = [1] }] });
        Assert.Equal("output.type", Parse(half, One("[1]", "[1]", "FP32"))!.Code);
    }
}
