using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using FsCheck;
using FsCheck.Fluent;
using Merlon.Gateway.Parsing;
using Merlon.Kernel;
using static Merlon.Gateway.Tests.Parsing.ParserHarness;

namespace Merlon.Gateway.Tests.Parsing;

public sealed class InferParserProperties
{
    private static readonly Config s_config = Config.QuickThrowOnFailure.WithMaxTest(500);

    /// <summary>Bits of finite FP64 values, with a first dimension and a form.</summary>
    private static readonly Gen<(double[] Values, int Rows, bool Nested, int Order)> s_tensors =
        from rows in Gen.Choose(1, 6)
        from columns in Gen.Choose(1, 6)
        from values in Gen.ArrayOf(ArbMap.Default.GeneratorFor<NormalFloat>().Select(f => f.Item), rows * columns)
        from nested in Gen.Elements(true, false)
        from order in Gen.Choose(0, 23)
        select (values, rows, nested, order);

    private static string Json((double[] Values, int Rows, bool Nested, int Order) tensor)
    {
        var columns = tensor.Values.Length / tensor.Rows;
        var texts = tensor.Values.Select(v => v.ToString("R", CultureInfo.InvariantCulture)).ToArray();
        var data = tensor.Nested
            ? "[" + string.Join(", ", texts.Chunk(columns).Select(row => "[" + string.Join(",", row) + "]")) + "]"
            : "[" + string.Join(" ,\n", texts) + "]";
        var fields = new List<string> { "\"name\":\"x\"", $"\"shape\":[{tensor.Rows},{columns}]", "\"datatype\":\"FP64\"", "\"data\":" + data };
        var order = tensor.Order;
        var shuffled = new List<string>();
        for (var n = 4; n > 0; n--)
        {
            shuffled.Add(fields[order % n]);
            fields.RemoveAt(order % n);
            order /= n;
        }
        return "{\"inputs\":[{" + string.Join(",", shuffled) + "}]}";
    }

    [Fact]
    public void Parse_RandomValidRequest_KeepsEveryBit() => Prop.ForAll(s_tensors.ToArbitrary(), tensor =>
    {
        using var request = new InferRequest();
        var contract = Contract(Input(TensorType.Fp64, -1, tensor.Values.Length / tensor.Rows));
        var refusal = Parse(contract, Json(tensor), request);
        return refusal is null && MemoryMarshal.AsBytes<double>(Values<double>(request)).SequenceEqual(MemoryMarshal.AsBytes<double>(tensor.Values));
    }).Check(s_config);

    [Fact]
    public void Parse_RandomCorruption_IsTakenOrRefusedButNeverThrows()
    {
        var corruptions =
            from tensor in s_tensors
            from at in Gen.Choose(0, 10_000)
            from kind in Gen.Choose(0, 4)
            from value in Gen.Choose(0, 255)
            select (tensor, at, kind, value);
        Prop.ForAll(corruptions.ToArbitrary(), c =>
        {
            var bytes = Encoding.UTF8.GetBytes(Json(c.tensor)).ToList();
            var at = c.at % bytes.Count;
            switch (c.kind)
            {
                case 0: bytes[at] = (byte)c.value; break;
                case 1: bytes.Insert(at, (byte)c.value); break;
                case 2: bytes.RemoveAt(at); break;
                case 3: bytes.RemoveRange(at, bytes.Count - at); break;
                default: bytes.InsertRange(at, bytes.GetRange(0, at)); break;
            }
            using var request = new InferRequest();
            var refusal = Parse(Contract(Input(TensorType.Fp64, -1, c.tensor.Values.Length / c.tensor.Rows)), bytes.ToArray(), request);
            if (refusal is not null)
                return refusal.Kind == RefusalKind.Invalid && refusal.Detail.EndsWith('.') && !refusal.Detail.Any(char.IsControl);
            // Taken although changed: then an independent reader of JSON must find the same numbers.
            return Reference(bytes.ToArray(), c.tensor.Values.Length / c.tensor.Rows) is { } expected && expected.SequenceEqual(Values<double>(request));
        }).Check(s_config.WithMaxTest(5000));
    }

    [Fact]
    public void Parse_RandomShapesAndData_AgreesWithADocumentReader()
    {
        // Shapes and data drawn apart, so that most disagree.
        var pieces =
            from shape in Gen.Elements("[1,2]", "[2,2]", "[2]", "[1,1,2]", "[2,2.0]", "[\"2\",2]", "[3,2]", "[2,1]", "[]", "null")
            from data in Gen.Elements("[1,2]", "[[1,2]]", "[[1,2],[3,4]]", "[1,2,3,4]", "[[1],[2]]", "[[1,2],[3]]", "[]", "[[]]", "[[1,2],[3,4],[5,6]]", "[[[1,2]]]", "[1,null]", "{}", "\"1\"", "[[1,2],3,4]")
            select (shape, data);
        Prop.ForAll(pieces.ToArbitrary(), p =>
        {
            var json = One(p.data, p.shape, "FP64");
            using var request = new InferRequest();
            var taken = Parse(Contract(Input(TensorType.Fp64, -1, 2)), json, request) is null;
            var expected = Reference(Encoding.UTF8.GetBytes(json), 2);
            return taken == expected is not null && (!taken || expected!.SequenceEqual(Values<double>(request)));
        }).Check(s_config.WithMaxTest(2000));
    }

    /// <summary>The values by System.Text.Json's document model, or null when the request breaks the contract [-1, n].</summary>
    private static double[]? Reference(byte[] json, int columns)
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            var input = document.RootElement.GetProperty("inputs")[0];
            var shape = input.GetProperty("shape").EnumerateArray().Select(d => d.GetInt64()).ToArray();
            if (shape.Length != 2 || shape[0] < 1 || shape[1] != columns || input.GetProperty("name").GetString() != "x" || input.GetProperty("datatype").GetString() != "FP64")
                return null;
            var data = input.GetProperty("data").EnumerateArray().ToArray();
            if (data.Any(e => e.ValueKind == JsonValueKind.Array))
            {
                if (data.Length != shape[0] || data.Any(row => row.ValueKind != JsonValueKind.Array || row.GetArrayLength() != shape[1]))
                    return null;
                data = [.. data.SelectMany(row => row.EnumerateArray())];
            }
            return data.Length == shape[0] * shape[1] ? [.. data.Select(e => e.GetDouble())] : null;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException or KeyNotFoundException or IndexOutOfRangeException)
        {
            return null;
        }
    }
}
