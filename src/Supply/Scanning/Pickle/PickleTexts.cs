using System.Buffers.Binary;
using System.Numerics;
using System.Text;

namespace Merlon.Scanning.Pickle;

/// <summary>Texts of a pickle, as far as they can name something. The same few names come again and again, so they are made once.</summary>
internal sealed class PickleTexts
{
    private const int Slots = 4096;

    private readonly string?[] _known = new string?[Slots];

    /// <summary>The value of a text of these UTF-8 bytes.</summary>
    public PickleValue Of(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > Limits.KeptText || !Ascii.IsValid(bytes))
            return PickleValue.LongText;
        ref var slot = ref _known[Hash(bytes) & (Slots - 1)];
        if (slot is null || !Ascii.Equals(bytes, slot))
            slot = Encoding.ASCII.GetString(bytes);
        return new PickleValue(PickleKind.Text, slot);
    }

    /// <summary>Whoever makes texts collide only has them made again each time.</summary>
    private static uint Hash(ReadOnlySpan<byte> bytes)
    {
        var hash = (uint)bytes.Length;
        for (; bytes.Length >= 8; bytes = bytes[8..])
            hash = BitOperations.Crc32C(hash, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
        foreach (var value in bytes)
            hash = BitOperations.Crc32C(hash, value);
        return hash;
    }

    /// <summary>The value of a text in quotes (STRING) or with escapes (UNICODE); with an escape in it, it can name nothing that is allowed.</summary>
    public PickleValue OfLine(byte[]? line, bool quoted)
    {
        if (line is null)
            return PickleValue.LongText;
        var text = line.AsSpan();
        if (quoted)
        {
            text = text.TrimEnd((byte)'\r');
            if (text.Length < 2 || text[0] != text[^1] || text[0] is not ((byte)'\'' or (byte)'"'))
                throw new PickleFormatException("pickle.malformed", "A STRING stands in no quotes.");
            text = text[1..^1];
        }
        return text.Contains((byte)'\\') ? PickleValue.LongText : Of(text);
    }

    /// <summary>A module or name line. Null when it is too long or not ASCII: then it is none that is allowed.</summary>
    public static string? Line(byte[]? line) => line is not null && Ascii.IsValid(line) ? Encoding.ASCII.GetString(line) : null;
}
