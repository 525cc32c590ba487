using System.Text;
using Merlon.Onnx.Contracts;

namespace Merlon.Onnx.Reader;

internal enum WireType
{
    Varint = 0,
    Fixed64 = 1,
    Bytes = 2,
    Fixed32 = 5,
}

/// <summary>One field. For <see cref="WireType.Bytes"/> the content lies from the reader's position to <see cref="End"/>.</summary>
internal readonly record struct Field(int Number, WireType Type, ulong Value, long End, long At);

/// <summary>
/// Protocol buffers wire format (protobuf.dev, "Encoding") over a seekable stream, through one small buffer. A length is checked against what
/// encloses it before anything is done with it; content nobody asks for is jumped over and never read.
/// </summary>
internal sealed class ProtobufReader
{
    private static readonly UTF8Encoding s_strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private readonly Stream _stream;
    private readonly byte[] _buffer = new byte[64 * 1024];
    private long _bufferAt;
    private int _bufferLength;
    private long _fields;

    public ProtobufReader(Stream stream)
    {
        _stream = stream;
        Length = stream.Length;
        if (Length > Limits.ModelBytes)
            throw new OnnxFormatException($"The model has {Length} bytes; a protobuf message has at most {Limits.ModelBytes}.", 0);
    }

    public long Length { get; }
    public long Position { get; private set; }

    /// <summary>The next field before <paramref name="end"/>, or false at exactly the end.</summary>
    public bool TryReadField(long end, out Field field)
    {
        field = default;
        if (Position == end)
            return false;
        if (++_fields > Limits.Fields)
            throw Error($"The model has more than {Limits.Fields} fields.");
        var at = Position;
        var key = ReadVarint(end);
        var number = key >> 3;
        if (number is 0 or > 0x1FFFFFFF)
            throw Error($"Field number {number} is not possible.", at);
        var type = (WireType)(key & 7);
        field = type switch
        {
            WireType.Varint => new Field((int)number, type, ReadVarint(end), Position, at),
            WireType.Fixed64 => new Field((int)number, type, 0, Jump(8, end, at), at),
            WireType.Fixed32 => new Field((int)number, type, 0, Jump(4, end, at), at),
            WireType.Bytes => new Field((int)number, type, 0, ReadEnd(end, at), at),
            _ => throw Error($"Wire type {(int)type} is not used by ONNX.", at),
        };
        return true;
    }

    /// <summary>Jumps to <paramref name="end"/>, which was checked when its field was read.</summary>
    public void SkipTo(long end) => Position = end;

    /// <summary>A string field of at most <see cref="Limits.Name"/> bytes.</summary>
    public string ReadString(in Field field) => ReadText(field, Limits.Name, cut: false);

    /// <summary>A string field, cut to <paramref name="bound"/> bytes when longer.</summary>
    public string ReadStart(in Field field, int bound) => ReadText(field, bound, cut: true);

    /// <summary>The numbers of a packed field, or none when the field is one number by itself.</summary>
    public ulong ReadVarint(long end)
    {
        ulong value = 0;
        for (var shift = 0; shift < 70; shift += 7)
        {
            var b = ReadByte(end);
            if (shift == 63 && b > 1)
                break;
            value |= (ulong)(b & 0x7F) << shift;
            if (b < 0x80)
                return value;
        }
        throw Error("A number is longer than 64 bits.");
    }

    public OnnxFormatException Error(string message, long? at = null) => new(message, at ?? Position);

    private string ReadText(in Field field, int bound, bool cut)
    {
        var length = field.End - Position;
        if (length > bound && !cut)
            throw Error($"A name has {length} bytes; allowed are {bound}.", field.At);
        var bytes = new byte[(int)Math.Min(length, bound)];
        for (var i = 0; i < bytes.Length; i++)
            bytes[i] = ReadByte(field.End);
        Position = field.End;
        try
        {
            return cut ? Encoding.UTF8.GetString(bytes) : s_strict.GetString(bytes);
        }
        catch (DecoderFallbackException)
        {
            throw Error("A name is not UTF-8.", field.At);
        }
    }

    private long ReadEnd(long end, long at)
    {
        var length = ReadVarint(end);
        return length <= (ulong)(end - Position)
            ? Position + (long)length
            : throw Error($"A field announces {length} bytes; {end - Position} are left.", at);
    }

    private long Jump(int count, long end, long at)
    {
        if (count > end - Position)
            throw Error($"A field has {count} bytes; {end - Position} are left.", at);
        Position += count;
        return Position;
    }

    private byte ReadByte(long end)
    {
        if (Position >= end)
            throw Error("A field ends in the middle of a number.");
        var index = Position - _bufferAt;
        if (index < 0 || index >= _bufferLength)
        {
            Fill();
            index = 0;
        }
        Position++;
        return _buffer[index];
    }

    private void Fill()
    {
        _stream.Position = Position;
        _bufferAt = Position;
        _bufferLength = _stream.Read(_buffer);
        if (_bufferLength == 0)
            throw Error($"The file ends at byte {Position}; it was said to have {Length}.");
    }
}
