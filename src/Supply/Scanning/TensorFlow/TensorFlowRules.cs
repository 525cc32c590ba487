using Merlon.Scanning.Content;

namespace Merlon.Scanning.TensorFlow;

internal static class TensorFlowRules
{
    private const string Unsafe = "AML.T0011.000";

    public static IReadOnlyList<RuleInfo> Catalog { get; } =
    [
        new("tensorflow.operation", "An operation that no ordinary model needs", "Graphs run with the rights of the program; operations can read and write files, open connections and call Python.", "Export the model without it; do such work outside of the graph.", Unsafe, 829),
        new("tensorflow.file-operation", "An operation that reads or writes files", "It takes files from the machine that runs the model, or changes them.", "Remove it from the graph and export again.", Unsafe, 73),
        new("tensorflow.python-operation", "An operation that calls Python or loads a library", "It runs code of whoever registered it.", "Remove it from the graph and export again.", Unsafe, 94),
        new("tensorflow.function-shadows", "A function with the name of an operation", "A reviewer reads one thing and the runtime runs another.", "Rename the function.", Unsafe, 694),
        new("tensorflow.asset", "An asset outside of the model's folder", "Loading opens a file of the attacker's choice.", "Export the model with its assets in its folder.", Unsafe, 22),
        new("tensorflow.malformed", "The graph is not what the format allows", "Readers differ in what they make of it.", "Export the model again.", Unsafe, 20),
        new("tensorflow.unknown-field", "A field that is not understood", "What cannot be read cannot be judged.", "Export the model again with TensorFlow 2.", null, 20),
        new("tensorflow.checkpoint", "The variables of a saved model, not looked into", "They are numbers for the graph beside them; their index is not compared with the data.", "Nothing, when the saved model beside them is trusted.", null, 20),
        new("tensorflow.checkpoint-alone", "A checkpoint without a saved model", "There is no graph that says what the bytes are for.", "Give the whole folder of the saved model, or convert the weights to safetensors.", null, 20),
    ];
}
