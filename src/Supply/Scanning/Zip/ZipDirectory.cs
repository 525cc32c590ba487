using System.Buffers.Binary;
using System.Text;
using Text = Merlon.Kernel.Text;

namespace Merlon.Scanning.Zip;

/// <summary>
/// Reads the directory of a zip file strictly: what two readers could take differently is refused. The end record is the last thing in the file, the
/// central directory lies right before it, each local header says what the central one says, and entries lie side by side from the first byte on.
/// Source: PKWARE APPNOTE 6.3.10, sections 4.3 to 4.5.
/// </summary>
internal sealed class ZipDirectory
{
    private const uint Local = 0x04034b50, Central = 0x02014b50, End = 0x06054b50, End64 = 0x06064b50, Locator64 = 0x07064b50;
    private const int EndSize = 22, End64Size = 56, LocatorSize = 20, CentralSize = 46, LocalSize = 30;
    private const ushort DescriptorFlag = 1 << 3, Utf8Flag = 1 << 11;

    /// <summary>Deflate levels (bits 1 and 2), a descriptor, UTF-8 names. The rest means encryption, patches or masked headers.</summary>
    private const ushort KnownFlags = 0b110 | DescriptorFlag | Utf8Flag;

    /// <summary>zip64, times, owners, and PyTorch's padding.</summary>
    private static readonly int[] s_knownExtras = [0x0001, 0x000a, 0x5455, 0x5855, 0x7855, 0x7875, 0x4246];

    private readonly Stream _stream;

    private ZipDirectory(Stream stream) => _stream = stream;

    /// <exception cref="ZipFormatException">It is not a plain archive.</exception>
    public static List<ZipEntry> Read(Stream stream) => new ZipDirectory(stream).ReadAll();

    private List<ZipEntry> ReadAll()
    {
        var (count, size, at, end) = ReadEnd();
        if (at < 0 || size < 0 || at > end || size != end - at)
            throw new ZipFormatException("zip.directory", "The central directory does not lie right before the end record.", at);
        if (count > Limits.Entries || size > Limits.Directory)
            throw new ZipFormatException("zip.too-many-entries", $"The archive has {count} entries; allowed are {Limits.Entries}.", at);
        var directory = ReadBytes(at, (int)size).AsSpan();
        var entries = new List<ZipEntry>((int)count);
        var names = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        for (var i = 0; i < count; i++)
        {
            var entry = ReadCentral(ref directory, at + size - directory.Length);
            if (!names.Add(entry.Name))
                throw new ZipFormatException("zip.duplicate-name", $"Two entries are called '{Text.Printable(entry.Name, 120)}'.", entry.HeaderAt);
            entries.Add(entry);
        }
        if (!directory.IsEmpty)
            throw new ZipFormatException("zip.directory", "The central directory holds more than its entries.", end - directory.Length);
        RequireSideBySide(entries, at);
        return entries;
    }

    private (long Count, long Size, long At, long End) ReadEnd()
    {
        if (_stream.Length < EndSize)
            throw new ZipFormatException("zip.end-record", "The file is too short for an archive.", 0);
        var at = _stream.Length - EndSize;
        var record = ReadBytes(at, EndSize).AsSpan();
        if (BinaryPrimitives.ReadUInt32LittleEndian(record) != End || U16(record, 20) != 0)
            throw new ZipFormatException("zip.end-record", "The archive does not end with its end record: bytes or a comment follow it.", at);
        if (U16(record, 4) != 0 || U16(record, 6) != 0 || U16(record, 8) != U16(record, 10))
            throw new ZipFormatException("zip.end-record", "The archive is split over several files.", at);
        var before = at >= LocatorSize ? ReadBytes(at - LocatorSize, LocatorSize) : [];
        return before.Length > 0 && BinaryPrimitives.ReadUInt32LittleEndian(before) == Locator64
            ? ReadEnd64(before, at - LocatorSize, record)
            : (U16(record, 10), U32(record, 12), U32(record, 16), at);
    }

    private (long Count, long Size, long At, long End) ReadEnd64(ReadOnlySpan<byte> locator, long locatorAt, ReadOnlySpan<byte> record)
    {
        var at = I64(locator, 8);
        if (at != locatorAt - End64Size)
            throw new ZipFormatException("zip.end-record", "The large end record does not lie right before its locator.", locatorAt);
        var large = ReadBytes(at, End64Size).AsSpan();
        var (count, size, directory) = (I64(large, 32), I64(large, 40), I64(large, 48));
        // What the small record does not leave to the large one must be the same in both: readers differ in which one they believe.
        if (BinaryPrimitives.ReadUInt32LittleEndian(large) != End64 || I64(large, 4) != End64Size - 12 || count != I64(large, 24)
            || !Agree(U16(record, 10), ushort.MaxValue, count) || !Agree(U32(record, 12), uint.MaxValue, size) || !Agree(U32(record, 16), uint.MaxValue, directory))
            throw new ZipFormatException("zip.end-record", "The two end records disagree.", at);
        return (count, size, directory, at);
    }

    private static bool Agree(long small, long placeholder, long large) => small == large || small == placeholder;

    private ZipEntry ReadCentral(ref Span<byte> directory, long at)
    {
        if (directory.Length < CentralSize || BinaryPrimitives.ReadUInt32LittleEndian(directory) != Central)
            throw new ZipFormatException("zip.directory", "The central directory is cut short.", at);
        var (nameLength, extraLength, commentLength) = (U16(directory, 28), U16(directory, 30), U16(directory, 32));
        var whole = CentralSize + nameLength + extraLength + commentLength;
        if (directory.Length < whole)
            throw new ZipFormatException("zip.directory", "The central directory is cut short.", at);
        var head = directory[..CentralSize];
        var name = directory.Slice(CentralSize, nameLength);
        var extra = directory.Slice(CentralSize + nameLength, extraLength);
        directory = directory[whole..];
        if (commentLength != 0 || U16(head, 34) != 0)
            throw new ZipFormatException("zip.directory", "An entry has a comment or lies on another disk.", at);
        long stored = U32(head, 20), size = U32(head, 24), header = U32(head, 42);
        ReadLargeNumbers(extra, at, ref size, ref stored, ref header);
        return Join(head, name, stored, size, header);
    }

    /// <summary>The zip64 extra field holds, in this order, only those numbers that do not fit.</summary>
    private static void ReadLargeNumbers(ReadOnlySpan<byte> extra, long at, ref long size, ref long stored, ref long header)
    {
        while (extra.Length >= 4)
        {
            var (id, length) = (U16(extra, 0), U16(extra, 2));
            if (length > extra.Length - 4)
                break;
            var field = extra.Slice(4, length);
            extra = extra[(4 + length)..];
            if (!s_knownExtras.Contains(id))
                throw new ZipFormatException("zip.directory", string.Create(System.Globalization.CultureInfo.InvariantCulture, $"An entry has the extra field 0x{id:x4}, which is not understood: some of them rename the entry."), at);
            if (id != 1)
                continue;
            Take(ref field, ref size, at);
            Take(ref field, ref stored, at);
            Take(ref field, ref header, at);
        }
        if (!extra.IsEmpty && extra.ContainsAnyExcept((byte)0))
            throw new ZipFormatException("zip.directory", "An extra field is cut short.", at);
    }

    private static void Take(ref ReadOnlySpan<byte> field, ref long number, long at)
    {
        if (number != uint.MaxValue)
            return;
        if (field.Length < 8 || I64(field, 0) < 0)
            throw new ZipFormatException("zip.directory", "A large number is missing or negative.", at);
        number = I64(field, 0);
        field = field[8..];
    }

    private ZipEntry Join(ReadOnlySpan<byte> central, ReadOnlySpan<byte> nameBytes, long stored, long size, long header)
    {
        var (flags, method, crc) = (U16(central, 8), U16(central, 10), (uint)U32(central, 16));
        var name = ReadName(nameBytes, header);
        if ((flags & ~KnownFlags) != 0)
            throw new ZipFormatException("zip.flags", $"'{Text.Printable(name, 120)}' is encrypted or has other flags that are not understood.", header);
        if (method is not (0 or 8))
            throw new ZipFormatException("zip.method", $"'{Text.Printable(name, 120)}' is compressed by method {method}; understood are stored and deflate.", header);
        if (method == 0 && stored != size)
            throw new ZipFormatException("zip.headers-differ", $"'{Text.Printable(name, 120)}' is stored, but in another size than it has.", header);
        var local = ReadBytes(header, LocalSize).AsSpan();
        if (BinaryPrimitives.ReadUInt32LittleEndian(local) != Local)
            throw new ZipFormatException("zip.headers-differ", $"'{Text.Printable(name, 120)}' has no local header.", header);
        var (localName, localExtra) = (U16(local, 26), U16(local, 28));
        var rest = ReadBytes(header + LocalSize, localName + localExtra).AsSpan();
        var (localStored, localSize) = (U32(local, 18), U32(local, 22));
        long unused = 0;
        ReadLargeNumbers(rest[localName..], header, ref localSize, ref localStored, ref unused);
        var described = (flags & DescriptorFlag) != 0;
        var same = U16(local, 6) == flags && U16(local, 8) == method && rest[..localName].SequenceEqual(nameBytes)
            && Same(U32(local, 14), crc, described) && Same(localStored, stored, described) && Same(localSize, size, described);
        if (!same)
            throw new ZipFormatException("zip.headers-differ", $"The two headers of '{Text.Printable(name, 120)}' disagree: readers would see different files.", header);
        return new ZipEntry(name, method == 8, described, crc, stored, size, header, header + LocalSize + localName + localExtra);
    }

    /// <summary>With a descriptor behind the content, the local header may leave a number at 0.</summary>
    private static bool Same(long local, long central, bool described) => local == central || (described && local == 0);

    private static string ReadName(ReadOnlySpan<byte> bytes, long at)
    {
        var name = bytes.Length is > 0 and <= Limits.Name && System.Text.Unicode.Utf8.IsValid(bytes) ? Encoding.UTF8.GetString(bytes) : null;
        var plain = name is not null && !name.Any(c => char.IsControl(c) || c is '\\' or ':') && name[0] != '/'
            && !name.TrimEnd('/').Split('/').Any(part => part is "" or "." or "..");
        return plain ? name! : throw new ZipFormatException("zip.name", "The name of an entry is empty, too long, absolute, leaves the folder, or has odd characters.", at);
    }

    private void RequireSideBySide(List<ZipEntry> entries, long directoryAt)
    {
        long expected = 0;
        foreach (var entry in entries.OrderBy(e => e.HeaderAt))
        {
            if (entry.HeaderAt != expected)
                throw new ZipFormatException(entry.HeaderAt < expected ? "zip.overlap" : "zip.gap", entry.HeaderAt < expected ? "Two entries share bytes." : "Bytes belong to no entry.", expected);
            expected = checked(entry.DataAt + entry.Stored);
            if (expected > directoryAt)
                throw new ZipFormatException("zip.overlap", "An entry runs into the central directory.", entry.HeaderAt);
            if (entry.HasDescriptor)
                expected += DescriptorSize(entry, expected, directoryAt);
        }
        if (expected != directoryAt)
            throw new ZipFormatException("zip.gap", "Bytes belong to no entry.", expected);
    }

    /// <summary>A descriptor has a signature or not, and numbers of four or eight bytes; it must say the same as the headers.</summary>
    private int DescriptorSize(ZipEntry entry, long at, long end)
    {
        var bytes = ReadBytes(at, (int)Math.Min(24, end - at)).AsSpan();
        foreach (var (signed, wide) in ((bool, bool)[])[(true, false), (true, true), (false, false), (false, true)])
        {
            var start = signed ? 4 : 0;
            var length = start + 4 + (wide ? 16 : 8);
            if (bytes.Length < length || (signed && BinaryPrimitives.ReadUInt32LittleEndian(bytes) != 0x08074b50) || U32(bytes, start) != entry.Crc)
                continue;
            var (stored, size) = wide ? (I64(bytes, start + 4), I64(bytes, start + 12)) : (U32(bytes, start + 4), U32(bytes, start + 8));
            // The next thing must begin behind it, which tells four bytes from eight.
            if (stored == entry.Stored && size == entry.Size && (at + length == end || BeginsEntry(at + length)))
                return length;
        }
        throw new ZipFormatException("zip.headers-differ", $"What stands behind '{Text.Printable(entry.Name, 120)}' is not its descriptor.", at);
    }

    private bool BeginsEntry(long at) => at + 4 <= _stream.Length && BinaryPrimitives.ReadUInt32LittleEndian(ReadBytes(at, 4)) == Local;

    private byte[] ReadBytes(long at, int count)
    {
        if (at < 0 || at > _stream.Length - count)
            throw new ZipFormatException("zip.directory", "A header lies outside of the file.", at);
        var bytes = new byte[count];
        _stream.Position = at;
        _stream.ReadExactly(bytes);
        return bytes;
    }

    private static int U16(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt16LittleEndian(bytes[at..]);
    private static long U32(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt32LittleEndian(bytes[at..]);
    private static long I64(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadInt64LittleEndian(bytes[at..]);
}
