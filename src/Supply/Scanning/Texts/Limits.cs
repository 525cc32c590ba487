namespace Merlon.Scanning.Texts;

/// <summary>All bounds on text that travels with models.</summary>
internal static class Limits
{
    /// <summary>Largest text: tokenizers of language models have tens of megabytes.</summary>
    public const int TextBytes = 64 * 1024 * 1024;

    /// <summary>Largest YAML that is read by its grammar.</summary>
    public const int YamlBytes = 1024 * 1024;
    public const int JsonDepth = 128;
}
