using Merlon.Scanning.Content;

namespace Merlon.Scanning.Archives;

/// <summary>Archives that are known and not opened: what cannot be looked at completely is not clean.</summary>
internal sealed class RefusedScanner : IContentScanner
{
    private static readonly (string Name, byte[] Signature)[] s_known =
    [
        ("7z", [0x37, 0x7a, 0xbc, 0xaf, 0x27, 0x1c]), ("RAR", [0x52, 0x61, 0x72, 0x21, 0x1a, 0x07]), ("Zstandard", [0x28, 0xb5, 0x2f, 0xfd]),
        ("cabinet", [0x4d, 0x53, 0x43, 0x46]), ("ar", "!<arch>\n"u8.ToArray()), ("cpio", "070701"u8.ToArray()), ("cpio", "070702"u8.ToArray()),
        ("SquashFS", "hsqs"u8.ToArray()), ("lzip", "LZIP"u8.ToArray()), ("compress", [0x1f, 0x9d]),
    ];

    public string Format => "archive";
    public bool NeedsSeek => false;

    public bool Recognises(ReadOnlySpan<byte> head, ContentTarget target) => NameOf(head) is not null;

    public void Scan(ContentTarget target, ContentScan scan)
    {
        var head = new byte[8];
        var count = target.Content.ReadAtLeast(head, head.Length, throwOnEndOfStream: false);
        scan.Findings.Block("archive.unsupported", $"The content is a {NameOf(head.AsSpan(0, count))} archive, which is not opened.", target.Location,
            "Unpack it, or pack it as zip, tar, gzip, bzip2, xz or lz4.");
    }

    private static string? NameOf(ReadOnlySpan<byte> head)
    {
        foreach (var (name, signature) in s_known)
        {
            if (head.StartsWith(signature))
                return name;
        }
        return null;
    }
}
