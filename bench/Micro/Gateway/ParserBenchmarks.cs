using System.Globalization;
using System.Text;
using System.Text.Json;
using BenchmarkDotNet.Attributes;
using Merlon.Admission.Contracts;
using Merlon.Gateway.Parsing;
using Merlon.Kernel;

namespace Merlon.Bench.Gateway;

/// <summary>Parsing against the contract beside the same bytes through System.Text.Json's document model and its plain reader: read the ratios, not the times.</summary>
[MemoryDiagnoser]
public class ParserBenchmarks
{
    private byte[] _body = [];
    private CompiledContract _contract = null!;
    private readonly InferRequest _request = new();

    [Params(1, 64)]
    public int Rows { get; set; }

    internal static CompiledContract Contract() => CompiledContract.Compile(new TensorContract
    {
        Inputs = [new InputTensor { Name = "features", Type = TensorType.Fp32, Shape = [-1, 30], Columns = [.. Enumerable.Range(0, 30).Select(i => new ColumnRange($"v{i}", -1e6, 1e6))] }],
        Outputs = [new OutputTensor { Name = "score", Type = TensorType.Fp32, Shape = [-1, 1] }],
    }).Value;

    internal static byte[] Body(int rows)
    {
        var random = new Random(1);
        var values = Enumerable.Range(0, rows * 30).Select(_ => ((float)((random.NextDouble() - 0.5) * 10)).ToString("R", CultureInfo.InvariantCulture));
        return Encoding.UTF8.GetBytes($$"""{"inputs":[{"name":"features","shape":[{{rows}},30],"datatype":"FP32","data":[{{string.Join(",", values)}}]}]}""");
    }

    [GlobalSetup]
    public void SetUp()
    {
        _contract = Contract();
        _body = Body(Rows);
    }

    [Benchmark]
    public bool AgainstContract() => InferParser.Parse(_body, _contract, _request) is null;

    [Benchmark(Baseline = true)]
    public float DocumentModel()
    {
        using var document = JsonDocument.Parse(_body);
        var sum = 0f;
        foreach (var value in document.RootElement.GetProperty("inputs")[0].GetProperty("data").EnumerateArray())
            sum += value.GetSingle();
        return sum;
    }

    [Benchmark]
    public float PlainReader()
    {
        var reader = new Utf8JsonReader(_body);
        var sum = 0f;
        while (reader.Read())
        {
            if (reader.TokenType == JsonTokenType.Number)
                sum += reader.GetSingle();
        }
        return sum;
    }
}
