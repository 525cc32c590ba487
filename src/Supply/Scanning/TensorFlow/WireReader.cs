using System.Text;
using Merlon.Scanning.Content;

namespace Merlon.Scanning.TensorFlow;

/// <summary>One field of a message: its number, how it is written, and where its content lies.</summary>
internal readonly record struct WireField(int Number, int Type, long At, long Length, ulong Value)
{
    public const int Varint = 0, Fixed64 = 1, Bytes = 2, Fixed32 = 5;
}

/// <summary>Protocol buffers from a seekable stream: large contents are passed by, never kept. Strict: no groups, no overlong or truncated numbers.</summary>
internal sealed class WireReader(Stream content)
{
    private static readonly UTF8Encoding s_strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>The fields between two places.</summary>
    public IEnumerable<WireField> Fields(long from, long to)
    {
        var at = from;
        while (at < to)
        {
            content.Position = at;
            var tag = Varint(to);
            var (number, type) = ((int)Math.Min(tag >> 3, int.MaxValue), (int)(tag & 7));
            if (number == 0)
                throw Wrong("A field has no number.");
            var start = content.Position;
            var (begin, length, value) = type switch
            {
                WireField.Varint => (start, 0L, Varint(to)),
                WireField.Fixed64 => (start, 8L, 0UL),
                WireField.Fixed32 => (start, 4L, 0UL),
                WireField.Bytes => Sized(to),
                _ => throw Wrong($"A field is written in the way {type}, which is not used."),
            };
            at = type == WireField.Varint ? content.Position : begin + length;
            if (at > to || length < 0)
                throw Wrong("A field ends past its message.");
            yield return new WireField(number, type, begin, length, value);
        }
    }

    public IEnumerable<WireField> Fields(WireField message) => Fields(message.At, message.At + message.Length);

    public string Text(WireField field)
    {
        if (field.Type != WireField.Bytes || field.Length > Limits.NameBytes)
            throw Wrong("A name is no text, or too long.");
        var bytes = new byte[(int)field.Length];
        content.Position = field.At;
        content.ReadExactly(bytes);
        try
        {
            return s_strict.GetString(bytes);
        }
        catch (DecoderFallbackException)
        {
            throw Wrong("A name is not UTF-8.");
        }
    }

    private (long At, long Length, ulong Value) Sized(long to)
    {
        var length = Varint(to);
        return length <= (ulong)(to - content.Position) ? (content.Position, (long)length, 0UL) : throw Wrong("A field ends past its message.");
    }

    private ulong Varint(long to)
    {
        ulong value = 0;
        for (var shift = 0; shift < 64; shift += 7)
        {
            var next = content.Position < to ? content.ReadByte() : -1;
            if (next < 0 || (shift == 63 && next > 1))
                break;
            value |= (ulong)(next & 0x7F) << shift;
            if (next < 0x80)
                return value;
        }
        throw Wrong("A number does not end.");
    }

    private MalformedException Wrong(string message) => new("tensorflow.malformed", message, content.Position);
}
