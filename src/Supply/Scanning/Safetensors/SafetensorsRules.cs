using Merlon.Scanning.Content;

namespace Merlon.Scanning.Safetensors;

internal static class SafetensorsRules
{
    private const string Fix = "Write the file again with a current safetensors library.";

    public static IReadOnlyList<RuleInfo> Catalog { get; } =
    [
        new("safetensors.header", "The header is not what the format allows", "Readers differ in what they make of a broken header.", Fix, "AML.T0011.000", 20),
        new("safetensors.header-size", "The header is too large or ends past the file", "A reader that believes the length reads or allocates what is not there.", Fix, "AML.T0029", 130),
        new("safetensors.duplicate-key", "A name stands twice in the header", "Two readers see two different tensors under one name.", Fix, "AML.T0011.000", 694),
        new("safetensors.metadata", "The metadata are not texts", "The format allows only texts; anything else is for a reader other than the one checked.", Fix, null, 20),
        new("safetensors.dtype", "An unknown element type", "The size of the tensor cannot be known.", Fix, null, 20),
        new("safetensors.span", "Type and shape do not give the stored size", "A reader goes past its memory or leaves bytes unread.", Fix, "AML.T0011.000", 131),
        new("safetensors.bounds", "A tensor ends past the file", "A reader goes past its memory.", Fix, "AML.T0011.000", 125),
        new("safetensors.overlap", "Two tensors share bytes", "What changes one changes the other; no writer does this.", Fix, null, 119),
        new("safetensors.hole", "Bytes that belong to no tensor", "They can hold anything, such as an archive or a program.", Fix, "AML.T0011.000", 1284),
        new("safetensors.polyglot", "The file is also a zip archive", "A loader that looks for an archive runs the pickle in it.", "Refuse the file; no library writes this.", "AML.T0011.000", 434),
    ];
}
