using System.Text;

namespace Merlon.Scanning.Archives;

/// <summary>The archive is not one that every reader understands alike.</summary>
internal sealed class TarFormatException(string rule, string message) : Exception(message)
{
    public string Rule { get; } = rule;
}

/// <summary>One header block of a tar archive. Source: POSIX.1-2017, pax; GNU tar manual, "Basic Tar Format".</summary>
internal sealed record TarHeader(string Name, long Size, char Type)
{
    public const int Block = 512;

    /// <summary>Null for a block of zeros.</summary>
    public static TarHeader? Parse(ReadOnlySpan<byte> block)
    {
        if (!block.ContainsAnyExcept((byte)0))
            return null;
        if (!HasChecksum(block))
            throw new TarFormatException("tar.checksum", "The checksum of a header is wrong.");
        var prefix = block.Slice(257, 6).SequenceEqual("ustar\0"u8) ? Field(block.Slice(345, 155)) : "";
        var name = Field(block[..100]);
        return new TarHeader(prefix.Length > 0 ? $"{prefix}/{name}" : name, Number(block.Slice(124, 12)), block[156] == 0 ? '0' : (char)block[156]);
    }

    public static bool HasChecksum(ReadOnlySpan<byte> block)
    {
        if (block.Length < Block || !TryNumber(block.Slice(148, 8), out var stated))
            return false;
        var sum = 8L * ' ';
        for (var i = 0; i < Block; i++)
            sum += i is >= 148 and < 156 ? 0 : block[i];
        return sum == stated && sum > 8L * ' ';
    }

    private static string Field(ReadOnlySpan<byte> bytes)
    {
        var end = bytes.IndexOf((byte)0);
        return Encoding.UTF8.GetString(end < 0 ? bytes : bytes[..end]);
    }

    private static long Number(ReadOnlySpan<byte> bytes) =>
        TryNumber(bytes, out var number) ? number : throw new TarFormatException("tar.header", "A size is no number.");

    private static bool TryNumber(ReadOnlySpan<byte> bytes, out long number)
    {
        number = 0;
        // GNU's form for large sizes: the first bit, then the number in big-endian bytes.
        if ((bytes[0] & 0x80) != 0)
        {
            if (bytes[0] != 0x80 || bytes.Length <= 8 || bytes[1..^8].ContainsAnyExcept((byte)0))
                return false;
            number = System.Buffers.Binary.BinaryPrimitives.ReadInt64BigEndian(bytes[^8..]);
            return number >= 0;
        }
        var digits = bytes.Trim(" \0"u8);
        foreach (var digit in digits)
        {
            if (digit is < (byte)'0' or > (byte)'7' || number > long.MaxValue >> 3)
                return false;
            number = (number << 3) | (uint)(digit - '0');
        }
        return digits.Length > 0;
    }
}
