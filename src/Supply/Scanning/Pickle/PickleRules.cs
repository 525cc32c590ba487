using Merlon.Scanning.Content;

namespace Merlon.Scanning.Pickle;

/// <summary>Rules of pickles and of the formats that hold them.</summary>
internal static class PickleRules
{
    private const string Code = "AML.T0011.000";
    private const string Convert = "Store the weights in a format without code: safetensors or ONNX.";
    private const string Rewrite = "Write the file again with its library; do not load it.";
    private const string Whole = "Get the whole file.";

    public static IReadOnlyList<RuleInfo> Catalog { get; } =
    [
        new("pickle.name", "An import that no ordinary model file needs", "Whatever a pickle imports it can also call; only names on the list are known to be harmless.", Convert, Code, 502),
        new("pickle.name-unresolved", "An imported name that is computed", "A name that is not written in the file cannot be checked.", Convert, Code, 502),
        new("pickle.call", "A call that runs when the file is loaded", "Loading the file runs this function with arguments of the file's choice.", Convert, Code, 502),
        new("pickle.call-unknown", "A call of something that the file made itself", "What is called cannot be known before it runs.", Convert, Code, 502),
        new("pickle.arguments", "An allowed call with arguments that no writer uses", "Some functions are harmless only as their library calls them.", Convert, Code, 502),
        new("pickle.overwrite", "A change of an imported class or function", "It changes the library for the whole program, long after the file was loaded.", Convert, Code, 915),
        new("pickle.persistent-id", "A reference to an object outside of the file", "What it stands for is the loading program's choice.", Rewrite, Code, 502),
        new("pickle.polyglot", "A file of another format that is a pickle too", "Loaded as a pickle, bytes of its header or its weights run.", "Do not load it.", Code, 436),
        new("pickle.extension", "An import by number", "The number means something only to the program that registered it.", Rewrite, Code, 502),
        new("pickle.out-of-band", "Buffers from outside of the file", "The file cannot be judged without them.", Rewrite, null, 502),
        new("pickle.frame", "A frame that ends inside an operation", "CPython's two readers take such a file differently: one sees harmless data, the other a call.", Rewrite, Code, 436),
        new("pickle.leftover", "Values left on the stack", "Something was made and hidden from whoever looks at the result.", Rewrite, Code, 502),
        new("pickle.malformed", "Not a pickle that CPython would load", "What comes before the error runs all the same.", Rewrite, Code, 502),
        new("pickle.truncated", "A pickle that ends in the middle", "What comes before the end runs all the same.", Whole, Code, 502),
        new("pickle.too-large", "More values than any model has", "The reader gave up, so the file was not judged.", Rewrite, "AML.T0029", 400),
        new("joblib.array", "An array wrapper that is not understood", "Where the raw numbers end cannot be known.", "Write the file again with joblib.", Code, 502),
        new("joblib.two-readings", "Numbers to joblib, a program to pickle", "Loaded with pickle instead of joblib, the bytes of an array run.", "Do not load it. Write the file again with joblib.", Code, 436),
        new("numpy.dtype", "A NumPy type with a state that NumPy does not write", "NumPy believes it: raw bytes become pointers, and loading or reading the array breaks the program or runs code.", "Save the array again with NumPy; do not load it.", Code, 843),
        new("numpy.header", "An array header that NumPy does not write", "NumPy's reader evaluates it.", "Save the array again with numpy.save.", Code, 20),
        new("numpy.trailing", "Bytes behind an array", "They are no part of it, and another reader may take them for something else.", "Save the array again with numpy.save.", Code, 436),
        new("numpy.truncated", "An array that is shorter than its header says", "It is not what was saved.", Whole, null, 130),
        new("torch.code", "A TorchScript program", "It runs in PyTorch's own interpreter, which can read and write files.", "Save the state_dict, or export the model to ONNX.", Code, 94),
        new("torch.storage-size", "A storage of another size than the pickle asks for", "Bytes are missing or hidden.", "Save the model again with torch.save.", Code, 130),
        new("torch.storage-missing", "A storage that is not there", "It is not what was saved.", Whole, null, 130),
        new("torch.note", "A small entry that holds more than a word", "It is a place to hide in.", "Save the model again with torch.save.", Code, 434),
        new("torch.trailing", "Bytes behind the last part", "They are no part of the model, and another reader may take them for something else.", "Save the model again with torch.save.", Code, 436),
        new("torch.truncated", "A file that is shorter than its storages", "It is not what was saved.", Whole, null, 130),
    ];
}
