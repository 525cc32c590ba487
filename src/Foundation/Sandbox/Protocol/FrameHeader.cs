using System.Buffers.Binary;

namespace Merlon.Sandbox.Protocol;

internal enum FrameKind : byte
{
    Hello = 1,
    Infer = 2,
    Answer = 3,
    Error = 4,
    Cancel = 5,
    Ping = 6,
    Pong = 7,
}

/// <summary>The nine bytes before every payload: length u32, kind u8, id u32.</summary>
internal readonly record struct FrameHeader(FrameKind Kind, uint Id, int PayloadLength)
{
    public const int Size = 9;

    /// <summary>Bytes that the length field counts besides the payload.</summary>
    public const int AfterLength = Size - sizeof(uint);

    public void Write(Span<byte> destination)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(destination, (uint)(PayloadLength + AfterLength));
        destination[4] = (byte)Kind;
        BinaryPrimitives.WriteUInt32LittleEndian(destination[5..], Id);
    }

    /// <summary>False when fewer than <see cref="Size"/> bytes are there. The length is judged as soon as it is known.</summary>
    /// <exception cref="Contracts.WorkerProtocolException">The length is out of bounds or the kind unknown.</exception>
    public static bool TryRead(ReadOnlySpan<byte> source, out FrameHeader header)
    {
        header = default;
        if (source.Length < sizeof(uint))
            return false;
        var length = BinaryPrimitives.ReadUInt32LittleEndian(source);
        if (length is < AfterLength or > Limits.MaxFrame)
            throw new Contracts.WorkerProtocolException($"A frame announces {length} bytes; allowed are {AfterLength} to {Limits.MaxFrame}.");
        if (source.Length < Size)
            return false;
        var kind = (FrameKind)source[4];
        if (kind is < FrameKind.Hello or > FrameKind.Pong)
            throw new Contracts.WorkerProtocolException($"Frame kind {source[4]} is unknown.");
        header = new FrameHeader(kind, BinaryPrimitives.ReadUInt32LittleEndian(source[5..]), (int)length - AfterLength);
        return true;
    }
}
