using Merlon.Scanning.Content;

namespace Merlon.Scanning.Zip;

/// <summary>Zip archives, NumPy's .npz among them: every entry is looked at as what it is.</summary>
internal sealed class ZipScanner : IContentScanner
{
    public string Format => "zip";
    public bool NeedsSeek => true;

    public bool Recognises(ReadOnlySpan<byte> head, ContentTarget target) => IsZip(head);

    /// <summary>A local header, or the end record of an empty archive.</summary>
    public static bool IsZip(ReadOnlySpan<byte> head) => head.StartsWith("PK\x03\x04"u8) || head.StartsWith("PK\x05\x06"u8);

    public void Scan(ContentTarget target, ContentScan scan)
    {
        if (ZipContent.Open(target, scan) is not { } zip)
            return;
        foreach (var entry in zip.Entries)
            ScanEntry(zip, entry, target, scan);
    }

    /// <summary>Verifies one entry and has its content looked at.</summary>
    public static void ScanEntry(ZipContent zip, ZipEntry entry, ContentTarget target, ContentScan scan)
    {
        var location = $"{target.Location}!/{entry.Name}";
        if (!zip.Verify(entry, scan, location) || (entry.IsFolder && entry.Size == 0))
            return;
        using var content = zip.OpenEntry(entry);
        scan.Descend(new ContentTarget(location, entry.Name[(entry.Name.LastIndexOf('/') + 1)..], content, entry.Deflated ? -1 : entry.Size, target.Depth + 1));
    }
}
