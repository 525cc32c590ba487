using System.Globalization;
using System.Text.Json.Nodes;
using Merlon.Samples.Fraud;

namespace Merlon.EndToEnd.Tests.Installation;

/// <summary>Two differently trained fraud detectors, made in this process, so that their numbers are known without the product.</summary>
internal static class SampleModels
{
    private static readonly Lazy<FraudSample> s_first = new(() => FraudSample.Train(seed: 1, epochs: 2));
    private static readonly Lazy<FraudSample> s_second = new(() => FraudSample.Train(seed: 2, epochs: 2));

    public static FraudSample First => s_first.Value;
    public static FraudSample Second => s_second.Value;

    /// <summary>An inference request for some rows of transactions, in the Open Inference Protocol.</summary>
    public static string Request(int first = 0, int rows = 1)
    {
        var values = Enumerable.Range(first, rows).SelectMany(i => First.Unseen.Row(i).ToArray()).Select(v => v.ToString("R", CultureInfo.InvariantCulture));
        return $$"""{"id":"row-{{first}}","inputs":[{"name":"transactions","shape":[{{rows}},{{Features.Count}}],"datatype":"FP32","data":[{{string.Join(',', values)}}]}]}""";
    }

    public static double Probability(JsonNode answer, int row = 0) => answer["outputs"]![0]!["data"]![row]!.GetValue<double>();

    /// <summary>Which of the two models gave this number for row <paramref name="row"/>: 1, 2, or 0 for neither.</summary>
    public static int WhoAnswered(JsonNode answer, int row)
    {
        const double close = 1e-5;
        var value = Probability(answer);
        var input = First.Unseen.Row(row);
        var (first, second) = (First.Network.Predict(input), Second.Network.Predict(input));
        Assert.True(Math.Abs(first - second) > 10 * close, "The row does not tell the models apart.");
        return Math.Abs(value - first) < close ? 1 : Math.Abs(value - second) < close ? 2 : 0;
    }

    /// <summary>A row on which the two models differ clearly.</summary>
    public static int TellingRow { get; } = FindTellingRow();

    private static int FindTellingRow()
    {
        var best = Enumerable.Range(0, 500).MaxBy(i => Math.Abs(First.Network.Predict(First.Unseen.Row(i)) - Second.Network.Predict(First.Unseen.Row(i))));
        return best;
    }
}
