using System.Globalization;
using System.Text;
using Merlon.Scanning.Content;
using Text = Merlon.Kernel.Text;

namespace Merlon.Scanning.Archives;

/// <summary>Tar archives (ustar, pax, GNU): plain files and folders only, each file looked at as what it is.</summary>
internal sealed class TarScanner : IContentScanner
{
    /// <summary>Bytes of a pax record or a long name.</summary>
    private const int MaxExtension = 64 * 1024;
    private const int MaxEntries = 50_000;

    public string Format => "tar";
    public bool NeedsSeek => true;

    public bool Recognises(ReadOnlySpan<byte> head, ContentTarget target) => TarHeader.HasChecksum(head);

    public void Scan(ContentTarget target, ContentScan scan)
    {
        try
        {
            ScanEntries(target, scan);
        }
        catch (TarFormatException e)
        {
            scan.Findings.Block(e.Rule, e.Message, target.Location, "Pack the files again with tar.");
        }
        catch (EndOfStreamException)
        {
            scan.Findings.Block("tar.truncated", "The archive ends in the middle.", target.Location, "Get the whole file.");
        }
    }

    private static void ScanEntries(ContentTarget target, ContentScan scan)
    {
        var stream = target.Content;
        var block = new byte[TarHeader.Block];
        var names = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        (string? name, long? size) = (null, null);
        while (true)
        {
            stream.ReadExactly(block);
            if (TarHeader.Parse(block) is not { } header)
            {
                RequireZeros(stream);
                return;
            }
            if (header.Type is 'x' or 'L')
            {
                var extension = ReadExtension(stream, header.Size);
                if (header.Type == 'L')
                    name = Encoding.UTF8.GetString(extension).TrimEnd('\0');
                else
                    ReadPax(extension, ref name, ref size);
                continue;
            }
            if (header.Type == 'g')
            {
                (string? globalName, long? globalSize) = (null, null);
                ReadPax(ReadExtension(stream, header.Size), ref globalName, ref globalSize);
                if (globalName is not null || globalSize is not null)
                    throw new TarFormatException("tar.header", "A global record renames or resizes files.");
                continue;
            }
            ScanEntry(header with { Name = name ?? header.Name, Size = size ?? header.Size }, target, scan, names);
            (name, size) = (null, null);
        }
    }

    private static void ScanEntry(TarHeader entry, ContentTarget target, ContentScan scan, HashSet<string> names)
    {
        if (entry.Type is not ('0' or '5' or '7'))
            throw new TarFormatException("tar.link", $"'{Text.Printable(entry.Name, 120)}' is a link or a device (type {Text.Printable(entry.Type.ToString(), 1)}), not a file.");
        var plain = entry.Name.StartsWith("./", StringComparison.Ordinal) ? entry.Name[2..] : entry.Name;
        if (entry.Type == '5' && plain.Length == 0)
            return;
        if (plain.Length is 0 or > 1024 || plain[0] == '/' || plain.Any(c => char.IsControl(c) || c is '\\' or ':' or '\uFFFD') || plain.TrimEnd('/').Split('/').Any(p => p is "" or "." or ".."))
            throw new TarFormatException("tar.name", "The name of an entry is empty, too long, absolute, leaves the folder, or has odd characters.");
        if (!names.Add(plain.TrimEnd('/')) || names.Count > MaxEntries)
            throw new TarFormatException("tar.duplicate-name", $"Two entries are called '{Text.Printable(plain, 120)}', or there are more than {MaxEntries} entries.");
        var start = target.Content.Position;
        var padded = entry.Size > long.MaxValue - TarHeader.Block ? long.MaxValue : (entry.Size + TarHeader.Block - 1) / TarHeader.Block * TarHeader.Block;
        if (padded > target.Content.Length - start || (entry.Type == '5' && entry.Size > 0))
            throw new TarFormatException("tar.truncated", $"'{Text.Printable(plain, 120)}' is longer than the archive.");
        if (entry.Type != '5')
            scan.Descend(new ContentTarget($"{target.Location}!/{plain}", plain[(plain.LastIndexOf('/') + 1)..], new SubStream(target.Content, start, entry.Size), entry.Size, target.Depth + 1));
        target.Content.Position = start + entry.Size;
        var padding = new byte[padded - entry.Size];
        target.Content.ReadExactly(padding);
        if (padding.AsSpan().ContainsAnyExcept((byte)0))
            throw new TarFormatException("tar.padding", $"Bytes are hidden behind '{Text.Printable(plain, 120)}'.");
    }

    private static byte[] ReadExtension(Stream stream, long size)
    {
        if (size > MaxExtension)
            throw new TarFormatException("tar.header", $"An extended header has {size} bytes; allowed are {MaxExtension}.");
        var bytes = new byte[size];
        stream.ReadExactly(bytes);
        stream.Position += (TarHeader.Block - (size % TarHeader.Block)) % TarHeader.Block;
        return bytes;
    }

    /// <summary>Records of the form "LENGTH KEY=VALUE\n", where the length counts all of it.</summary>
    private static void ReadPax(ReadOnlySpan<byte> records, ref string? name, ref long? size)
    {
        while (!records.IsEmpty)
        {
            var space = records.IndexOf((byte)' ');
            if (space is < 1 or > 6 || !int.TryParse(records[..space], NumberStyles.None, CultureInfo.InvariantCulture, out var length) || length > records.Length || length < space + 3
                || records[length - 1] != '\n')
                throw new TarFormatException("tar.header", "An extended header is malformed.");
            var record = Encoding.UTF8.GetString(records[(space + 1)..(length - 1)]);
            records = records[length..];
            var equals = record.IndexOf('=', StringComparison.Ordinal);
            var (key, value) = equals < 0 ? throw new TarFormatException("tar.header", "An extended header is malformed.") : (record[..equals], record[(equals + 1)..]);
            switch (key)
            {
                case "path":
                    name = value;
                    break;
                case "size":
                    size = long.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var bytes) ? bytes : throw new TarFormatException("tar.header", "A size is no number.");
                    break;
                case "mtime" or "atime" or "ctime" or "uid" or "gid" or "uname" or "gname" or "comment" or "charset" or "hdrcharset":
                    break;
                default:
                    throw new TarFormatException("tar.header", $"An extended header has the key '{Text.Printable(key, 40)}', which is not understood.");
            }
        }
    }

    private static void RequireZeros(Stream stream)
    {
        var piece = new byte[64 * 1024];
        for (int count; (count = stream.Read(piece)) > 0;)
        {
            if (piece.AsSpan(0, count).ContainsAnyExcept((byte)0))
                throw new TarFormatException("tar.trailing", "Bytes follow the end of the archive.");
        }
    }
}
