using System.Buffers.Binary;
using System.Text;

namespace Merlon.Sandbox.Isolation.Rootfs;

/// <summary>What a 64-bit little-endian ELF file asks the loader for (System V ABI, program headers and dynamic section).</summary>
internal sealed record ElfFile(string? Interpreter, IReadOnlyList<string> Needed)
{
    private const int LoadSegment = 1, DynamicSegment = 2, InterpreterSegment = 3;
    private const long NeededTag = 1, StringTableTag = 5;

    /// <summary>Null when the file is not ELF.</summary>
    public static ElfFile? Read(string path)
    {
        var bytes = File.ReadAllBytes(path);
        if (bytes.Length < 64 || !bytes.AsSpan().StartsWith((ReadOnlySpan<byte>)[0x7F, (byte)'E', (byte)'L', (byte)'F', 2, 1]))
            return null;
        var segments = Segments(bytes);
        string? interpreter = null;
        List<string> needed = [];
        foreach (var segment in segments)
        {
            if (segment.Type == InterpreterSegment)
                interpreter = Text(bytes, segment.Offset);
            else if (segment.Type == DynamicSegment)
                needed = ReadNeeded(bytes, segment, segments);
        }
        return new ElfFile(interpreter, needed);
    }

    private static List<string> ReadNeeded(byte[] bytes, Segment dynamic, List<Segment> segments)
    {
        var offsets = new List<long>();
        long strings = 0;
        for (var at = dynamic.Offset; at + 16 <= dynamic.Offset + dynamic.Size; at += 16)
        {
            var tag = BinaryPrimitives.ReadInt64LittleEndian(bytes.AsSpan((int)at));
            var value = BinaryPrimitives.ReadInt64LittleEndian(bytes.AsSpan((int)at + 8));
            if (tag == 0)
                break;
            if (tag == NeededTag)
                offsets.Add(value);
            else if (tag == StringTableTag)
                strings = value;
        }
        // The string table is given by address; the segment that loads it tells where it stands in the file.
        var load = segments.First(segment => segment.Type == LoadSegment && strings >= segment.Address && strings < segment.Address + segment.Size);
        return [.. offsets.Select(offset => Text(bytes, strings - load.Address + load.Offset + offset))];
    }

    private static List<Segment> Segments(byte[] bytes)
    {
        var table = BinaryPrimitives.ReadInt64LittleEndian(bytes.AsSpan(32));
        int entrySize = BinaryPrimitives.ReadUInt16LittleEndian(bytes.AsSpan(54));
        int count = BinaryPrimitives.ReadUInt16LittleEndian(bytes.AsSpan(56));
        var segments = new List<Segment>();
        for (var i = 0; i < count; i++)
        {
            var entry = bytes.AsSpan((int)table + i * entrySize, 56);
            segments.Add(new Segment(
                BinaryPrimitives.ReadInt32LittleEndian(entry),
                BinaryPrimitives.ReadInt64LittleEndian(entry[8..]),
                BinaryPrimitives.ReadInt64LittleEndian(entry[16..]),
                BinaryPrimitives.ReadInt64LittleEndian(entry[32..])));
        }
        return segments;
    }

    private static string Text(byte[] bytes, long offset)
    {
        var rest = bytes.AsSpan((int)offset);
        return Encoding.UTF8.GetString(rest[..rest.IndexOf((byte)0)]);
    }

    private readonly record struct Segment(int Type, long Offset, long Address, long Size);
}
