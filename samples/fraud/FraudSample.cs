using System.Globalization;
using System.Text;

namespace Merlon.Samples.Fraud;

/// <summary>A trained model with the rows it was judged on.</summary>
public sealed record FraudSample(Network Network, Transactions Unseen, double Accuracy)
{
    private const int TrainingRows = 30_000;
    private const int UnseenRows = 5_000;

    /// <summary>Generates data, trains, and measures on rows the network has not seen. A second seed gives another, equally good model.</summary>
    public static FraudSample Train(int seed = 1, int epochs = 6)
    {
        var network = Trainer.Fit(TransactionGenerator.Make(TrainingRows, seed), epochs, seed);
        var unseen = TransactionGenerator.Make(UnseenRows, seed: 1_000_003);
        return new FraudSample(network, unseen, Trainer.Accuracy(network, unseen));
    }

    /// <summary>Writes <c>model.onnx</c> and its contract <c>merlon.yaml</c> into a folder.</summary>
    public void Save(string folder)
    {
        Directory.CreateDirectory(folder);
        File.WriteAllBytes(Path.Combine(folder, "model.onnx"), OnnxWriter.Write(Network));
        File.WriteAllText(Path.Combine(folder, "merlon.yaml"), Contract());
    }

    /// <summary>The contract that narrows the model's input to what a card transaction can be.</summary>
    public static string Contract()
    {
        var text = new StringBuilder("""
            # What callers may send. Merlon enforces it while it parses a request.
            version: 1
            model: model.onnx
            max_batch: 64
            inputs:
              - name: transactions
                columns:

            """);
        foreach (var (name, minimum, maximum) in Features.All)
            text.Append(CultureInfo.InvariantCulture, $"      - {{ name: {name}, min: {minimum}, max: {maximum} }}\n");
        return text.ToString();
    }
}
