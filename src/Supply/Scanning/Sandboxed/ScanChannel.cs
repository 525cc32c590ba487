using System.Buffers.Binary;
using System.Net.Sockets;

namespace Merlon.Scanning.Sandboxed;

internal enum ScanFrame : byte
{
    Request = 1,
    Read = 2,
    Data = 3,
    Report = 4,
    ContentRequest = 5,
    ContentReport = 6,
}

/// <summary>The peer broke the scan protocol.</summary>
internal sealed class ScanViolationException(string message) : IOException(message);

/// <summary>Frames of the scan protocol on a socket. Either side treats the other as hostile: a length is judged before a byte is stored.</summary>
internal static class ScanChannel
{
    private const int HeaderSize = 5;
    public const int ReadPayload = 16;

    public static async Task SendAsync(Socket socket, ScanFrame kind, ReadOnlyMemory<byte> payload, CancellationToken cancellationToken)
    {
        var header = new byte[HeaderSize];
        BinaryPrimitives.WriteUInt32LittleEndian(header, (uint)payload.Length + 1);
        header[4] = (byte)kind;
        await SendAllAsync(socket, header, cancellationToken).ConfigureAwait(false);
        await SendAllAsync(socket, payload, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>The next frame of an allowed kind.</summary>
    /// <exception cref="ScanViolationException">Another kind, or longer than its bound.</exception>
    /// <exception cref="EndOfStreamException">The peer has gone.</exception>
    public static async Task<(ScanFrame Kind, byte[] Payload)> ReceiveAsync(Socket socket, Func<ScanFrame, int> boundOf, CancellationToken cancellationToken)
    {
        var header = new byte[HeaderSize];
        await ReceiveAllAsync(socket, header, cancellationToken).ConfigureAwait(false);
        var length = BinaryPrimitives.ReadUInt32LittleEndian(header);
        var kind = (ScanFrame)header[4];
        var bound = boundOf(kind);
        if (bound < 0)
            throw new ScanViolationException($"A frame of kind {header[4]} may not come here.");
        if (length == 0 || length - 1 > bound)
            throw new ScanViolationException($"A {kind} frame has {length} bytes; allowed are {bound + 1}.");
        var payload = new byte[length - 1];
        await ReceiveAllAsync(socket, payload, cancellationToken).ConfigureAwait(false);
        return (kind, payload);
    }

    private static async Task SendAllAsync(Socket socket, ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        while (!bytes.IsEmpty)
            bytes = bytes[await socket.SendAsync(bytes, SocketFlags.None, cancellationToken).ConfigureAwait(false)..];
    }

    private static async Task ReceiveAllAsync(Socket socket, Memory<byte> bytes, CancellationToken cancellationToken)
    {
        while (!bytes.IsEmpty)
        {
            var count = await socket.ReceiveAsync(bytes, SocketFlags.None, cancellationToken).ConfigureAwait(false);
            if (count == 0)
                throw new EndOfStreamException("The other side of the scan has gone.");
            bytes = bytes[count..];
        }
    }
}
