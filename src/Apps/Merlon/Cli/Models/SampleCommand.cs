using System.CommandLine;
using System.Globalization;
using Merlon.Samples.Fraud;

namespace Merlon.App.Cli.Models;

/// <summary>Trains the sample model, for trying Merlon out.</summary>
internal static class SampleCommand
{
    public static Command Make()
    {
        var folder = new Argument<string>("FOLDER") { Description = "New folder for model.onnx and merlon.yaml" };
        var seed = new Option<int>("--seed") { Description = "Another seed, another model", DefaultValueFactory = _ => 1 };
        var fraud = new Command("fraud", "Train a small fraud detector on synthetic card transactions").With(folder, seed).Does((result, _) =>
        {
            var sample = FraudSample.Train(result.GetValue(seed));
            sample.Save(result.GetValue(folder)!);
            Output.Line(string.Create(CultureInfo.InvariantCulture,
                $"Trained a fraud detector: {sample.Accuracy:P2} right on {sample.Unseen.Count} unseen transactions. Written to {Path.GetFullPath(result.GetValue(folder)!)}"));
            return Task.FromResult(ExitCodes.Done);
        });
        return new Command("sample", "Make a sample model").With(fraud);
    }
}
