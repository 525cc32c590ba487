using Merlon.Scanning.Content;

namespace Merlon.Scanning.Keras;

internal static class KerasRules
{
    private const string Code = "AML.T0011.000";

    public static IReadOnlyList<RuleInfo> Catalog { get; } =
    [
        new("keras.lambda", "A Lambda layer", "It holds Python bytecode that loading or calling the model runs.", "Replace it by a layer of Keras, and save the model again.", Code, 94),
        new("keras.class", "A class that no ordinary model needs", "Loading imports the module and builds the class with arguments from the file.", "Use layers of Keras only; keep classes of your own in a package, and load weights only.", Code, 502),
        new("keras.function", "A function that is not one of Keras's", "Loading looks it up by module and name, which may be any function.", "Use an activation, loss or metric of Keras.", Code, 502),
        new("keras.custom-object", "An object registered by other code", "What it is depends on code that is not in the file.", "Use layers of Keras only.", Code, 502),
        new("keras.duplicate-key", "A key stands twice in the configuration", "Two readers see two different models.", "Save the model again.", Code, 694),
        new("keras.config", "The configuration cannot be read", "What cannot be read cannot be judged.", "Save the model again.", Code, 20),
        new("keras.archive", "The archive is not laid out as Keras writes it", "Loaders differ in what they make of it.", "Save the model again with model.save(\"model.keras\").", Code, 20),
        new("keras.entry", "A file that does not belong into a Keras archive", "Loaders of other kinds may pick it up.", "Remove it.", Code, 434),
    ];
}
