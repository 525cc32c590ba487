using System.Buffers;
using System.Buffers.Binary;
using System.Net.Sockets;
using System.Text;
using Merlon.Sandbox.Contracts;

namespace Merlon.Sandbox.Protocol;

/// <summary>One client of a worker. Frames come in on one thread; answers go out from any thread, whole, under one lock.</summary>
internal sealed class ServerConnection(Socket socket, IWorkerHandler handler, CallQueue queue, TimeProvider time)
{
    /// <summary>Answers of short calls are joined into one write, but none waits longer than this.</summary>
    private static readonly TimeSpan s_longestDelay = TimeSpan.FromMicroseconds(100);

    private const int JoinedBytes = 64 * 1024;

    private readonly FrameSource _source = new(socket);
    private readonly Lock _writeLock = new();
    private readonly ArrayBufferWriter<byte> _out = new(4096);
    private readonly Lock _callsLock = new();
    private readonly Dictionary<uint, ServerCall> _calls = [];
    private readonly TensorWriter _inlineAnswer = new();
    private long _firstUnsent;

    public void Run(byte[] hello)
    {
        try
        {
            socket.SendTimeout = 30_000;
            Send(FrameKind.Hello, 0, hello, flush: true);
            while (_source.ReadHeader() is { } header)
                Dispatch(header);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException or WorkerProtocolException)
        {
            // A peer that broke framing or went away is not repaired: its connection ends here, and its calls with it.
        }
        finally
        {
            Close();
            CancelAll();
            _inlineAnswer.Dispose();
        }
    }

    public void Close() => socket.Dispose();

    /// <summary>Runs a queued call on a compute thread and answers it.</summary>
    public void Execute(ServerCall call, IWorkerHandler model, TensorWriter answer)
    {
        using (call)
        {
            try
            {
                RunAndAnswer(call.Id, call.Payload, answer, model, call.Cancelled, flush: true, () => Forget(call));
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                Close();
            }
            finally
            {
                queue.Release(call.Length);
            }
        }
    }

    private void Dispatch(FrameHeader header)
    {
        switch (header.Kind)
        {
            case FrameKind.Infer:
                ReadInfer(header);
                break;
            case FrameKind.Cancel when header.PayloadLength == 0:
                lock (_callsLock)
                    _calls.GetValueOrDefault(header.Id)?.Cancel();
                break;
            case FrameKind.Ping when header.PayloadLength == 0:
                SendPong(header.Id);
                break;
            default:
                throw new WorkerProtocolException($"A client may not send a frame of kind {header.Kind} with {header.PayloadLength} bytes.");
        }
        if (!_source.HasBuffered)
            Flush();
    }

    private void ReadInfer(FrameHeader header)
    {
        if (!queue.TryReserve(header.PayloadLength))
        {
            Skip(header.PayloadLength);
            SendError(header.Id, WorkerErrorCode.Overloaded, "Too many bytes are waiting in this worker.", flush: true);
            return;
        }
        var buffer = ArrayPool<byte>.Shared.Rent(header.PayloadLength);
        ServerCall? call = null;
        try
        {
            _source.ReadPayload(buffer.AsSpan(0, header.PayloadLength));
            if (handler.RunsInline(header.PayloadLength))
            {
                RunAndAnswer(header.Id, buffer.AsSpan(0, header.PayloadLength), _inlineAnswer, handler, CancellationToken.None, flush: false, null);
                return;
            }
            call = new ServerCall(this, header.Id, buffer, header.PayloadLength, time.GetTimestamp());
            if (!Enqueue(call))
            {
                call = null;
                SendError(header.Id, WorkerErrorCode.Overloaded, "Too many calls are waiting in this worker.", flush: true);
            }
        }
        finally
        {
            if (call is null)
            {
                ArrayPool<byte>.Shared.Return(buffer);
                queue.Release(header.PayloadLength);
            }
        }
    }

    private bool Enqueue(ServerCall call)
    {
        bool added;
        lock (_callsLock)
            added = _calls.TryAdd(call.Id, call);
        if (!added)
        {
            queue.Release(call.Length);
            call.Dispose();
            throw new WorkerProtocolException($"Call {call.Id} is already outstanding.");
        }
        if (queue.TryAdd(call))
            return true;
        Forget(call);
        return false;
    }

    /// <param name="beforeAnswer">Runs before the answer leaves: from then on the client may use the id again.</param>
    private void RunAndAnswer(
        uint id, ReadOnlySpan<byte> payload, TensorWriter answer, IWorkerHandler model, CancellationToken cancellationToken, bool flush, Action? beforeAnswer)
    {
        WorkerErrorCode code;
        string message;
        answer.Reset();
        try
        {
            cancellationToken.ThrowIfCancellationRequested();
            model.Infer(payload, answer, cancellationToken);
            beforeAnswer?.Invoke();
            Send(FrameKind.Answer, id, answer.Payload.Span, flush);
            return;
        }
        catch (WorkerErrorException e)
        {
            (code, message) = (e.Code, e.Message);
        }
        catch (WorkerProtocolException e)
        {
            (code, message) = (WorkerErrorCode.BadRequest, e.Message);
        }
        catch (OperationCanceledException)
        {
            (code, message) = (WorkerErrorCode.Cancelled, "The call was cancelled.");
        }
        beforeAnswer?.Invoke();
        SendError(id, code, message, flush);
    }

    private void SendPong(uint id)
    {
        Span<byte> payload = stackalloc byte[2 * sizeof(uint)];
        lock (_callsLock)
        {
            var oldest = TimeSpan.Zero;
            foreach (var call in _calls.Values)
            {
                var age = time.GetElapsedTime(call.Started);
                oldest = age > oldest ? age : oldest;
            }
            BinaryPrimitives.WriteUInt32LittleEndian(payload, (uint)_calls.Count);
            BinaryPrimitives.WriteUInt32LittleEndian(payload[sizeof(uint)..], (uint)Math.Min(oldest.TotalMilliseconds, uint.MaxValue));
        }
        Send(FrameKind.Pong, id, payload, flush: true);
    }

    private void SendError(uint id, WorkerErrorCode code, string message, bool flush)
    {
        Span<byte> payload = stackalloc byte[sizeof(ushort) + Limits.MaxErrorMessage];
        BinaryPrimitives.WriteUInt16LittleEndian(payload, (ushort)code);
        Encoder encoder = Encoding.UTF8.GetEncoder();
        // Cuts between characters where the message is too long.
        encoder.Convert(message, payload[sizeof(ushort)..], flush: true, out _, out var written, out _);
        Send(FrameKind.Error, id, payload[..(sizeof(ushort) + written)], flush);
    }

    private void Send(FrameKind kind, uint id, ReadOnlySpan<byte> payload, bool flush)
    {
        lock (_writeLock)
        {
            if (_out.WrittenCount == 0)
                _firstUnsent = time.GetTimestamp();
            new FrameHeader(kind, id, payload.Length).Write(_out.GetSpan(FrameHeader.Size));
            _out.Advance(FrameHeader.Size);
            if (payload.Length > JoinedBytes)
            {
                WriteOut();
                SendAll(payload);
                return;
            }
            _out.Write(payload);
            if (flush || _out.WrittenCount > JoinedBytes || time.GetElapsedTime(_firstUnsent) > s_longestDelay)
                WriteOut();
        }
    }

    private void Flush()
    {
        lock (_writeLock)
            WriteOut();
    }

    private void WriteOut()
    {
        SendAll(_out.WrittenSpan);
        _out.ResetWrittenCount();
    }

    private void SendAll(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
            bytes = bytes[socket.Send(bytes)..];
    }

    private void Skip(int count)
    {
        Span<byte> scratch = stackalloc byte[4096];
        while (count > 0)
        {
            var part = Math.Min(count, scratch.Length);
            _source.ReadPayload(scratch[..part]);
            count -= part;
        }
    }

    private void Forget(ServerCall call)
    {
        lock (_callsLock)
            _calls.Remove(call.Id);
    }

    private void CancelAll()
    {
        lock (_callsLock)
        {
            foreach (var call in _calls.Values)
                call.Cancel();
        }
    }
}
