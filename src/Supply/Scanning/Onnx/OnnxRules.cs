using Merlon.Scanning.Content;

namespace Merlon.Scanning.Onnx;

internal static class OnnxRules
{
    private const string Unsafe = "AML.T0011.000";
    private const string Fix = "Export the model again with a current onnx package.";
    private const string Beside = "Save the model with its weights in files beside it.";

    public static IReadOnlyList<RuleInfo> Catalog { get; } =
    [
        new("onnx.malformed", "The file is not an ONNX model that can be read to its end", "Runtimes differ in what they make of it.", Fix, Unsafe, 20),
        new("onnx.ir-version", "An IR version that is not supported", "Its meaning is another one.", Fix, null, 20),
        new("onnx.opset", "An operator set that is not supported", "Its operators are not those that were checked.", Fix, null, 20),
        new("onnx.operator-domain", "An operator of an unknown domain", "A runtime loads a library for it, which is code.", "Export with standard operators.", Unsafe, 829),
        new("onnx.function-shadows", "A function in the place of a standard operator", "A reviewer reads one thing and the runtime runs another.", Fix, Unsafe, 694),
        new("onnx.duplicate-name", "A name stands twice", "Two readers see two different models.", Fix, Unsafe, 694),
        new("onnx.unsupported", "A construct that is not served", "What it does was not checked.", Fix, null, 20),
        new("onnx.no-output", "The model has no output", "It is of no use as a model.", Fix, null, 20),
        new("onnx.not-a-tensor", "An input or output that is no tensor", "It cannot be served.", "Export with tensors only (scikit-learn: option zipmap off).", null, 20),
        new("onnx.element-type", "An element type that is not served", "It cannot be served.", Fix, null, 20),
        new("onnx.shape", "An input or output without a shape", "Requests cannot be checked against it.", "Declare the shape when exporting; dimensions may be dynamic.", null, 20),
        new("onnx.external-data.empty", "External data without a file", "A loader makes up a place.", Beside, Unsafe, 22),
        new("onnx.external-data.nul", "External data with a NUL in its path", "Languages differ in where the path ends.", Beside, Unsafe, 158),
        new("onnx.external-data.absolute", "External data at an absolute path", "Loading reads any file of the machine (CVE-2024-27318 and kin).", Beside, Unsafe, 22),
        new("onnx.external-data.memory-address", "External data at an address in memory", "Loading reads the memory of the program.", Beside, Unsafe, 822),
        new("onnx.external-data.backslash", "External data with a backslash in its path", "It leads elsewhere on Windows.", Beside, Unsafe, 22),
        new("onnx.external-data.scheme", "External data at a URL or drive", "Loading reaches out of the folder.", Beside, Unsafe, 22),
        new("onnx.external-data.outside", "External data outside of the folder", "Loading reads any file of the machine (CVE-2024-27318 and kin).", Beside, Unsafe, 22),
        new("onnx.external-data.not-canonical", "External data at an odd path", "Loaders differ in where it leads.", Beside, Unsafe, 22),
        new("onnx.external-data.unknown-key", "External data with a key that is not understood", "A loader may act on it.", Beside, null, 20),
        new("onnx.external-data.missing", "External data in a file that is not there", "It may be put there later.", "Give the file too, in the same folder.", Unsafe, 426),
        new("onnx.external-data.number", "External data at no number", "Loaders differ in what they make of it.", Beside, Unsafe, 20),
        new("onnx.external-data.range", "External data past the end of its file", "Readers go past their memory.", Beside, Unsafe, 125),
        new("onnx.external-data.size", "External data of another size than the tensor", "Readers go past their memory.", Beside, Unsafe, 131),
        new("file.weights-unreferenced", "Weights that belong to no tensor", "They can hold anything.", "Save the model again.", Unsafe, 1284),
        new("file.weights-kind", "Weights that begin as another format does", "Another program may take them for it.", "Save the model again.", Unsafe, 434),
    ];
}
