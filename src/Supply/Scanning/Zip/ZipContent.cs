using System.IO.Compression;
using System.IO.Hashing;
using Merlon.Scanning.Content;

namespace Merlon.Scanning.Zip;

/// <summary>The content of entries: bounded views of the archive, checked against size and CRC.</summary>
internal sealed class ZipContent(Stream archive, IReadOnlyList<ZipEntry> entries)
{
    private const int Piece = 256 * 1024;

    public IReadOnlyList<ZipEntry> Entries => entries;

    /// <summary>Opens an archive, or says why it is none.</summary>
    public static ZipContent? Open(ContentTarget target, ContentScan scan)
    {
        try
        {
            return new ZipContent(target.Content, ZipDirectory.Read(target.Content));
        }
        catch (ZipFormatException e)
        {
            scan.Findings.Block(e.Rule, e.Message, $"{target.Location}@{e.At}", "Pack the files again with a plain zip program.");
            return null;
        }
    }

    /// <summary>The content of an entry from its first byte. Stored content can be sought in; deflated content only flows.</summary>
    public Stream OpenEntry(ZipEntry entry)
    {
        var stored = new SubStream(archive, entry.DataAt, entry.Stored);
        return entry.Deflated ? new DeflateStream(stored, CompressionMode.Decompress) : stored;
    }

    /// <summary>Reads an entry through and compares size and CRC. False, with a finding, when they differ.</summary>
    public bool Verify(ZipEntry entry, ContentScan scan, string location)
    {
        if (entry.Deflated && entry.Size / Limits.Ratio > entry.Stored)
        {
            scan.Findings.Block("zip.ratio", $"The entry would grow more than {Limits.Ratio} times.", location);
            return false;
        }
        var crc = new Crc32();
        long size = 0;
        var piece = new byte[Piece];
        using var content = OpenEntry(entry);
        try
        {
            for (int count; (count = content.Read(piece)) > 0; size += count)
            {
                if (entry.Deflated && !scan.Expand(count, location))
                    return false;
                if (size + count > entry.Size)
                    break;
                crc.Append(piece.AsSpan(0, count));
            }
        }
        catch (InvalidDataException)
        {
            size = -1;
        }
        if (size == entry.Size && crc.GetCurrentHashAsUInt32() == entry.Crc)
            return true;
        scan.Findings.Block("zip.content", "The content of the entry has another size or checksum than its header says.", location, "Get the file again.");
        return false;
    }
}
