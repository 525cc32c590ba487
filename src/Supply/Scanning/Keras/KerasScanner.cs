using Merlon.Scanning.Content;
using Merlon.Scanning.Zip;

namespace Merlon.Scanning.Keras;

/// <summary>A Keras 3 archive.</summary>
internal sealed class KerasScanner : IContentScanner
{
    private const int DirectoryTail = 64 * 1024;

    public string Format => "keras";
    public bool NeedsSeek => true;

    /// <summary>A zip archive whose directory names Keras's weights beside its configuration.</summary>
    public bool Recognises(ReadOnlySpan<byte> head, ContentTarget target)
    {
        if (!head.StartsWith("PK\u0003\u0004"u8))
            return false;
        if (Names(head))
            return true;
        if (!target.Content.CanSeek)
            return false;
        var tail = new byte[(int)Math.Min(DirectoryTail, target.Content.Length)];
        target.Content.Position = target.Content.Length - tail.Length;
        target.Content.ReadExactly(tail);
        target.Content.Position = 0;
        return Names(tail);
    }

    public void Scan(ContentTarget target, ContentScan scan)
    {
        if (ZipContent.Open(target, scan) is not { } zip)
            return;
        if (zip.Entries.Count > Limits.Entries)
        {
            scan.Findings.Block("keras.archive", $"The archive has more than {Limits.Entries} entries.", target.Location);
            return;
        }
        var rules = new KerasArchiveRules(target, scan);
        foreach (var entry in zip.Entries)
        {
            if (!zip.Verify(entry, scan, target.Part(entry.Name)))
                continue;
            using var content = zip.OpenEntry(entry);
            rules.Judge(entry.Name, content, entry.Size);
        }
        rules.Finish();
    }

    private static bool Names(ReadOnlySpan<byte> bytes) =>
        bytes.IndexOf("config.json"u8) >= 0 && (bytes.IndexOf("model.weights.h5"u8) >= 0 || bytes.IndexOf("metadata.json"u8) >= 0);
}
