using System.Buffers.Binary;
using System.Text;
using Merlon.Scanning.Content;

namespace Merlon.Scanning.Gguf;

/// <summary>Reads numbers and texts of either byte order, and never past the end.</summary>
internal sealed class GgufReader(Stream content)
{
    private readonly byte[] _number = new byte[8];
    private static readonly UTF8Encoding s_strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    public bool IsBigEndian { get; set; }
    public long Position => content.Position;
    public long Length { get; } = content.Length;

    public uint UInt32()
    {
        var bytes = Take(4);
        return IsBigEndian ? BinaryPrimitives.ReadUInt32BigEndian(bytes) : BinaryPrimitives.ReadUInt32LittleEndian(bytes);
    }

    public ulong UInt64()
    {
        var bytes = Take(8);
        return IsBigEndian ? BinaryPrimitives.ReadUInt64BigEndian(bytes) : BinaryPrimitives.ReadUInt64LittleEndian(bytes);
    }

    public byte Byte() => Take(1)[0];

    public ulong Count(ulong most, string what)
    {
        var count = UInt64();
        return count <= most ? count : throw new MalformedException("gguf.bounds", $"There are {count} {what}; allowed are {most}.", Position - 8);
    }

    public string Text(ulong most)
    {
        var length = TextLength(most);
        var bytes = new byte[length];
        content.ReadExactly(bytes);
        try
        {
            return s_strict.GetString(bytes);
        }
        catch (DecoderFallbackException)
        {
            throw new MalformedException("gguf.malformed", "A text is not UTF-8.", Position - length);
        }
    }

    /// <summary>Passes a text without keeping it: tokens are bytes of any kind.</summary>
    public void SkipText(ulong most) => Skip(TextLength(most));

    public void Skip(long bytes)
    {
        if (bytes > Length - Position)
            throw new MalformedException("gguf.bounds", "A value ends past the file.", Position);
        content.Position += bytes;
    }

    private int TextLength(ulong most)
    {
        var length = Count(most, "bytes in a text");
        return length <= (ulong)(Length - Position) ? (int)length : throw new MalformedException("gguf.bounds", "A text ends past the file.", Position);
    }

    private ReadOnlySpan<byte> Take(int count)
    {
        if (content.ReadAtLeast(_number.AsSpan(0, count), count, throwOnEndOfStream: false) < count)
            throw new MalformedException("gguf.bounds", "The file ends early.", Position);
        return _number.AsSpan(0, count);
    }
}
