using System.Text;
using Merlon.Admission.Contracts;
using Merlon.Gateway.Parsing;
using Merlon.Kernel;
using static Merlon.Gateway.Tests.Parsing.ParserHarness;

namespace Merlon.Gateway.Tests.Parsing;

/// <summary>Every bound of <see cref="Limits"/> that a request or a contract can reach, on both sides of it.</summary>
public sealed class LimitsTests
{
    private static readonly TensorContract s_contract = new()
    {
        Inputs = [Input(TensorType.Fp32, -1)],
        Outputs = [new OutputTensor { Name = "y", Type = TensorType.Fp32, Shape = [-1] }],
    };

    private static bool Compiles(TensorContract contract) => !CompiledContract.Compile(contract).IsRefused;

    [Fact]
    public void MaxJsonDepth_AtTheBound_IsTheLastThatIsTaken()
    {
        // The unknown field stands one level deep already.
        string Nested(int depth) => $$"""{"u":{{new string('[', depth)}}{{new string(']', depth)}},"inputs":[{"name":"x","shape":[1],"datatype":"FP32","data":[1]}]}""";
        Assert.Null(Parse(Contract(Input(TensorType.Fp32, -1)), Nested(Limits.MaxJsonDepth - 1)));
        Assert.Equal("json.depth", Parse(Contract(Input(TensorType.Fp32, -1)), Nested(Limits.MaxJsonDepth))!.Code);
        Assert.Equal("json.depth", Parse(Contract(Input(TensorType.Fp32, -1)), Nested(100_000))!.Code);
    }

    [Fact]
    public void MaxIdBytes_AtTheBound_IsTheLastThatIsTaken()
    {
        string WithId(string id) => $$"""{"id":"{{id}}","inputs":[{"name":"x","shape":[1],"datatype":"FP32","data":[1]}]}""";
        Assert.Null(Parse(Contract(Input(TensorType.Fp32, -1)), WithId(new string('a', Limits.MaxIdBytes))));
        Assert.Null(Parse(Contract(Input(TensorType.Fp32, -1)), WithId(string.Concat(Enumerable.Repeat("\\u0061", Limits.MaxIdBytes)))));
        Assert.Equal("id.size", Parse(Contract(Input(TensorType.Fp32, -1)), WithId(new string('a', Limits.MaxIdBytes + 1)))!.Code);
        Assert.Equal("id.size", Parse(Contract(Input(TensorType.Fp32, -1)), WithId(string.Concat(Enumerable.Repeat("\\u0061", Limits.MaxIdBytes + 1))))!.Code);
    }

    [Fact]
    public void MaxRank_AtTheBound_IsTheLastThatIsTaken()
    {
        var ones = Enumerable.Repeat(1L, Limits.MaxRank).ToArray();
        Assert.Equal([3f], Accept<float>(Input(TensorType.Fp32, ones), $"{new string('[', 8)}3{new string(']', 8)}", "[1,1,1,1,1,1,1,1]"));
        Assert.Equal("input.shape", Reject(Input(TensorType.Fp32, ones), "[3]", "[1,1,1,1,1,1,1,1,1]").Code);
        Assert.False(Compiles(s_contract with { Inputs = [Input(TensorType.Fp32, [.. ones, 1])] }));
    }

    [Fact]
    public void MaxDimension_AtTheBound_IsJudgedBeforeAnythingIsAllocated()
    {
        var contract = Contract(Input(TensorType.Fp32, 1, -1));
        var before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Equal("data.size", Parse(contract, One("[1]", $"[1,{Limits.MaxDimension}]", "FP32"))!.Code);
        Assert.Equal("input.shape", Parse(contract, One("[1]", $"[1,{Limits.MaxDimension + 1}]", "FP32"))!.Code);
        Assert.Equal("input.shape", Parse(contract, One("[1]", "[1,9223372036854775808]", "FP32"))!.Code);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 64 * 1024);
    }

    [Fact]
    public void MaxTensorBytes_OverflowingProducts_AreRefused()
    {
        var any = Input(TensorType.Fp64, 1, -1, -1, -1, -1, -1, -1, -1);
        // 2^217 elements; 2^64, which is 0 in 64 bits; and the pair that was reported against a serving system.
        Assert.Equal("data.size", Reject(any, "[]", "[1,2147483647,2147483647,2147483647,2147483647,2147483647,2147483647,2147483647]").Code);
        Assert.Equal("data.size", Reject(any, "[]", "[1,65536,65536,65536,65536,1,1,1]").Code);
        Assert.Equal("input.shape", Reject(Input(TensorType.Fp32, 1, -1, -1), "[1]", "[1,16,1152921504606846978]").Code);
        // Within all bounds but more than the body could hold.
        Assert.Equal("data.count", Reject(any, "[1]", "[1,1000,1000,1,1,1,1,1]").Code);
    }

    [Fact]
    public void MaxBatch_AtTheContractsBound_IsTheLastThatIsTaken()
    {
        string Rows(int n) => One("[" + string.Join(",", Enumerable.Repeat("1", n)) + "]", $"[{n}]", "FP32");
        var contract = Compile(s_contract with { MaxBatch = 5 });
        Assert.Null(Parse(contract, Rows(5)));
        Assert.Equal("input.batch", Parse(contract, Rows(6))!.Code);
        Assert.True(Compiles(s_contract with { MaxBatch = Limits.MaxBatch }));
        Assert.False(Compiles(s_contract with { MaxBatch = Limits.MaxBatch + 1 }));
        Assert.False(Compiles(s_contract with { MaxBatch = 0 }));
    }

    [Fact]
    public void ContractBounds_AtTheBound_AreTheLastThatCompile()
    {
        Assert.True(Compiles(s_contract with { MaxBodyBytes = Limits.MaxBodyBytes }));
        Assert.False(Compiles(s_contract with { MaxBodyBytes = Limits.MaxBodyBytes + 1 }));
        Assert.True(Compiles(s_contract with { Inputs = [.. Many(Limits.MaxTensors)] }));
        Assert.False(Compiles(s_contract with { Inputs = [.. Many(Limits.MaxTensors + 1)] }));
        Assert.False(Compiles(s_contract with { Inputs = [] }));
        Assert.True(Compiles(s_contract with { Inputs = [Input(TensorType.Fp32, 1) with { Name = new string('n', Limits.MaxNameBytes) }] }));
        Assert.False(Compiles(s_contract with { Inputs = [Input(TensorType.Fp32, 1) with { Name = new string('n', Limits.MaxNameBytes + 1) }] }));
        Assert.True(Compiles(s_contract with { Inputs = [Input(TensorType.Bytes, 1) with { MaxElementBytes = Limits.MaxElementBytes }] }));
        Assert.False(Compiles(s_contract with { Inputs = [Input(TensorType.Bytes, 1) with { MaxElementBytes = Limits.MaxElementBytes + 1 }] }));
        Assert.True(Compiles(s_contract with { Inputs = [Input(TensorType.Fp32, Limits.MaxColumns) with { Columns = [.. Columns(Limits.MaxColumns)] }] }));
        Assert.False(Compiles(s_contract with { Inputs = [Input(TensorType.Fp32, Limits.MaxColumns + 1) with { Columns = [.. Columns(Limits.MaxColumns + 1)] }] }));
        Assert.False(Compiles(s_contract with { Inputs = [Input(TensorType.Fp32, 3) with { Columns = [.. Columns(2)] }] }));
        Assert.False(Compiles(s_contract with { Inputs = [Input(TensorType.Fp32, 3) with { Minimum = 2, Maximum = 1 }] }));
        Assert.False(Compiles(s_contract with { Inputs = [Input(TensorType.Fp32, Limits.MaxDimension + 1)] }));
        Assert.False(Compiles(s_contract with { Inputs = [Input(TensorType.Fp32, 1), Input(TensorType.Fp32, 1)] }));

        static IEnumerable<InputTensor> Many(int n) => Enumerable.Range(0, n).Select(i => Input(TensorType.Fp32, 1) with { Name = $"x{i}" });
        static IEnumerable<ColumnRange> Columns(int n) => Enumerable.Range(0, n).Select(i => new ColumnRange($"c{i}", 0, 1));
    }

    [Fact]
    public void MaxTensors_LastInputOfTheLargestContract_IsTracked()
    {
        var inputs = Enumerable.Range(0, Limits.MaxTensors).Select(i => Input(TensorType.UInt8, 1) with { Name = $"x{i}" }).ToArray();
        string All(int n) => "{\"inputs\":[" + string.Join(",", Enumerable.Range(0, n).Select(i => $$"""{"name":"x{{i}}","shape":[1],"datatype":"UINT8","data":[1]}""")) + "]}";
        Assert.Null(Parse(Contract(inputs), All(Limits.MaxTensors)));
        Assert.Contains("'x63' is missing", Parse(Contract(inputs), All(Limits.MaxTensors - 1))!.Detail);
    }

    [Fact]
    public void MaxQuoted_HostileText_IsCutAndMadePrintable()
    {
        var refusal = Parse(Contract(Input(TensorType.Fp32, -1)), "{\"inputs\":[{\"name\":\"" + new string('\u202e', 5000) + "\"}]}")!;
        Assert.InRange(refusal.Detail.Length, 10, 300);
        Assert.DoesNotContain('\u202e', refusal.Detail);
    }
}
