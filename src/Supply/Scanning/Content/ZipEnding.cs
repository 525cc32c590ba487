using System.Buffers.Binary;

namespace Merlon.Scanning.Content;

/// <summary>A file that is a zip archive when read from its end, whatever it is from its beginning: PyTorch and Java look there.</summary>
internal static class ZipEnding
{
    private const int RecordSize = 22;
    private const int LongestComment = ushort.MaxValue;

    public static bool Is(Stream content)
    {
        var size = content.Length;
        var tail = new byte[(int)Math.Min(size, RecordSize + LongestComment)];
        content.Position = size - tail.Length;
        content.ReadExactly(tail);
        for (var at = tail.Length - RecordSize; at >= 0; at--)
        {
            var record = tail.AsSpan(at);
            if (record.StartsWith("PK\u0005\u0006"u8) && BinaryPrimitives.ReadUInt16LittleEndian(record[20..]) == record.Length - RecordSize)
                return true;
        }
        return false;
    }
}
