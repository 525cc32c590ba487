using System.Net.Sockets;
using Merlon.Sandbox.Contracts;

namespace Merlon.Sandbox.Protocol;

/// <summary>
/// Cuts a socket's bytes into frames through one small buffer. An announced length reserves nothing: memory is taken only by whoever reads the
/// payload, after judging the header. Each method has a blocking twin, for the worker's connection threads.
/// </summary>
internal sealed class FrameSource(Socket socket, int bufferSize = 64 * 1024)
{
    private readonly byte[] _buffer = GC.AllocateUninitializedArray<byte>(bufferSize, pinned: true);
    private int _start;
    private int _end;

    /// <summary>True when a further frame is already here, at least in part.</summary>
    public bool HasBuffered => _end > _start;

    /// <summary>The next header, or null when the peer closed between two frames.</summary>
    public async ValueTask<FrameHeader?> ReadHeaderAsync(CancellationToken cancellationToken)
    {
        FrameHeader header;
        while (!FrameHeader.TryRead(_buffer.AsSpan(_start, _end - _start), out header))
        {
            MakeRoom();
            var received = await socket.ReceiveAsync(_buffer.AsMemory(_end), SocketFlags.None, cancellationToken).ConfigureAwait(false);
            if (received == 0)
                return EndOfStream();
            _end += received;
        }
        _start += FrameHeader.Size;
        return header;
    }

    public FrameHeader? ReadHeader()
    {
        FrameHeader header;
        while (!FrameHeader.TryRead(_buffer.AsSpan(_start, _end - _start), out header))
        {
            MakeRoom();
            var received = socket.Receive(_buffer.AsSpan(_end));
            if (received == 0)
                return EndOfStream();
            _end += received;
        }
        _start += FrameHeader.Size;
        return header;
    }

    /// <summary>Fills <paramref name="payload"/>, whose length is the header's.</summary>
    public async ValueTask ReadPayloadAsync(Memory<byte> payload, CancellationToken cancellationToken)
    {
        var filled = TakeBuffered(payload.Span);
        while (filled < payload.Length)
        {
            var received = await socket.ReceiveAsync(payload[filled..], SocketFlags.None, cancellationToken).ConfigureAwait(false);
            filled += received > 0 ? received : throw Truncated();
        }
    }

    public void ReadPayload(Span<byte> payload)
    {
        var filled = TakeBuffered(payload);
        while (filled < payload.Length)
        {
            var received = socket.Receive(payload[filled..]);
            filled += received > 0 ? received : throw Truncated();
        }
    }

    private int TakeBuffered(Span<byte> payload)
    {
        var count = Math.Min(payload.Length, _end - _start);
        _buffer.AsSpan(_start, count).CopyTo(payload);
        _start += count;
        return count;
    }

    private void MakeRoom()
    {
        if (_start == _end)
        {
            _start = _end = 0;
        }
        else if (_buffer.Length - _start < FrameHeader.Size)
        {
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            _end -= _start;
            _start = 0;
        }
    }

    private FrameHeader? EndOfStream() => _start == _end ? null : throw Truncated();

    private static WorkerProtocolException Truncated() => new("The connection ended inside a frame.");
}
