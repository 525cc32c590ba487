namespace Merlon.Scanning.Content;

/// <summary>Every format that is understood, in the order in which they are asked: the stricter the signature, the earlier.</summary>
internal static class ContentFormats
{
    public static IReadOnlyList<IContentScanner> All { get; } =
    [
        // binary formats with a signature
        new Executables.ExecutableScanner(),
        new Gguf.GgufScanner(),

        // binary formats without one
        new Safetensors.SafetensorsScanner(),

        // text
        new Texts.TextScanner(),
    ];
}
