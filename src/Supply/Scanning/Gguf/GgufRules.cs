using Merlon.Scanning.Content;

namespace Merlon.Scanning.Gguf;

internal static class GgufRules
{
    private const string Fix = "Convert the model again with a current converter.";
    private const string Unsafe = "AML.T0011.000";

    public static IReadOnlyList<RuleInfo> Catalog { get; } =
    [
        new("gguf.version", "A version that is not understood", "Its layout is another one.", Fix, null, 20),
        new("gguf.malformed", "The file is not what the format allows", "Readers in C go past their memory on such files.", Fix, Unsafe, 125),
        new("gguf.bounds", "A count or length goes past the file or its bound", "Readers that believe it allocate or read what is not there.", Fix, Unsafe, 130),
        new("gguf.duplicate-key", "A name stands twice", "Two readers see two different models.", Fix, Unsafe, 694),
        new("gguf.type", "A type that is not known", "The size of what follows cannot be known.", Fix, null, 20),
        new("gguf.alignment", "Tensors are not aligned as the file says", "Readers map them to places that are not theirs.", Fix, null, 131),
        new("gguf.overlap", "Two tensors share bytes", "No converter does this.", Fix, null, 119),
        new("gguf.hole", "Bytes that belong to nothing", "They can hold anything.", Fix, Unsafe, 1284),
        new("gguf.polyglot", "The file is also a zip archive", "A loader that looks for an archive runs the pickle in it.", "Refuse the file; no converter writes this.", Unsafe, 434),
        new("gguf.stray-template", "A template in a place where none belongs", "A loader may render it as one.", "Remove the key.", Unsafe, 1336),
        new("template.not-understood", "A chat template that does not parse", "What cannot be parsed cannot be judged; the renderer may still run it.", "Write it with the statements and filters that docs/scanning.md lists.", Unsafe, 1336),
        new("template.attribute", "A chat template reaches for an attribute off the list", "Attributes lead from any value to Python's own functions (CVE-2024-34359).", "Use plain names of message fields.", Unsafe, 1336),
        new("template.name", "A chat template uses a name, filter, test or function off the list", "Whatever is not on the list may reach files or code.", "Use what docs/scanning.md lists.", Unsafe, 1336),
        new("template.built-subscript", "A chat template indexes with a text that it builds", "A built text can be the name of an attribute that the list would refuse.", "Index with plain texts or numbers.", Unsafe, 1336),
        new("template.statement", "A chat template uses a statement off the list", "Imports and includes read other files.", "Use if, for, set and macro.", Unsafe, 1336),
    ];
}
