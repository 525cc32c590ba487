namespace Merlon.Scanning.Content;

/// <summary>
/// Understands one format. It allows what it knows and blocks the rest: a byte that it did not understand is a finding that blocks, and what it found
/// before it had to give up stands. Bad input is a finding, never an exception.
/// </summary>
internal interface IContentScanner
{
    /// <summary>Stable name of the format in reports, such as <c>pickle</c> or <c>safetensors</c>.</summary>
    string Format { get; }

    /// <summary>True when it needs to seek: content that only flows is then kept in memory, bounded.</summary>
    bool NeedsSeek { get; }

    /// <summary>Judges by content alone whether this is its format. <paramref name="head"/> holds up to <see cref="Limits.SniffBytes"/> bytes.</summary>
    bool Recognises(ReadOnlySpan<byte> head, ContentTarget target);

    /// <summary>Looks at every byte. Parts with content of their own go to <see cref="ContentScan.Descend"/>.</summary>
    void Scan(ContentTarget target, ContentScan scan);
}
