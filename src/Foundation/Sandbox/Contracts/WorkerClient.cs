using System.Buffers;
using System.Buffers.Binary;
using System.Net.Sockets;
using System.Text;
using Merlon.Kernel;
using Merlon.Sandbox.Protocol;

namespace Merlon.Sandbox.Contracts;

/// <summary>
/// One connection to a model worker: many calls outstanding at once, from any thread. A connection that breaks fails every outstanding call at once
/// with <see cref="WorkerUnavailableException"/> and stays broken; connect again.
/// </summary>
public sealed class WorkerClient : IAsyncDisposable
{
    private readonly Socket _socket;
    private readonly FrameSource _source;
    private readonly FrameSender _sender;
    private readonly CallTable _calls = new();
    private readonly CancellationTokenSource _closed = new();
    private Task _reading = Task.CompletedTask;

    private WorkerClient(Socket socket)
    {
        _socket = socket;
        _source = new FrameSource(socket);
        _sender = new FrameSender(socket, Break);
    }

    /// <summary>What the worker says the model takes and gives. The worker is not trusted: compare it with the contract.</summary>
    public ModelSignature Signature { get; private set; } = ModelSignature.Empty;

    /// <summary>Cancelled when the connection has broken or was disposed.</summary>
    public CancellationToken Closed => _closed.Token;
    public bool IsConnected => !_calls.IsBroken;

    /// <summary>Connects and checks that the worker serves exactly the artifact that is expected.</summary>
    /// <exception cref="WorkerUnavailableException">Nobody listens, or the worker closed at once.</exception>
    /// <exception cref="WorkerProtocolException">The worker speaks another protocol version or serves another artifact.</exception>
    public static async Task<WorkerClient> ConnectAsync(string path, Digest expectedManifest, CancellationToken cancellationToken)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), cancellationToken).ConfigureAwait(false);
            var client = new WorkerClient(socket);
            client.Signature = await Hello.ReadAsync(client._source, expectedManifest, cancellationToken).ConfigureAwait(false);
            client._reading = client.ReadAsync();
            return client;
        }
        catch (SocketException e)
        {
            socket.Dispose();
            throw new WorkerUnavailableException($"The worker cannot be reached: {e.SocketErrorCode}.", e);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Runs the model on one <c>tensors · outputs</c> payload, which may be reused as soon as the method returns its task. Dispose the answer.</summary>
    /// <exception cref="WorkerUnavailableException">The connection broke; the call may have run.</exception>
    /// <exception cref="WorkerErrorException">The worker answered with an error, or too many calls are outstanding (overloaded).</exception>
    /// <exception cref="OperationCanceledException">Cancelled; the worker was told to stop.</exception>
    public ValueTask<WorkerAnswer> InferAsync(ReadOnlyMemory<byte> tensorsPayload, CancellationToken cancellationToken) =>
        SendAsync(FrameKind.Infer, tensorsPayload.Span, cancellationToken);

    /// <summary>Asks the worker whether it is alive and what it is busy with. Give a token with a deadline: a hung worker does not answer.</summary>
    public async ValueTask<WorkerPulse> PingAsync(CancellationToken cancellationToken)
    {
        using var answer = await SendAsync(FrameKind.Ping, default, cancellationToken).ConfigureAwait(false);
        var payload = answer.Payload.Span;
        if (payload.Length != 2 * sizeof(uint))
            throw new WorkerProtocolException("The worker did not answer a ping with a pong.");
        return new WorkerPulse(
            (int)Math.Min(BinaryPrimitives.ReadUInt32LittleEndian(payload), int.MaxValue),
            TimeSpan.FromMilliseconds(BinaryPrimitives.ReadUInt32LittleEndian(payload[sizeof(uint)..])));
    }

    public async ValueTask DisposeAsync()
    {
        Break(new WorkerUnavailableException("The connection to the worker was closed."));
        await _reading.ConfigureAwait(false);
    }

    private ValueTask<WorkerAnswer> SendAsync(FrameKind kind, ReadOnlySpan<byte> payload, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (payload.Length > Limits.MaxPayload)
            throw new WorkerProtocolException($"A payload has {payload.Length} bytes; allowed are {Limits.MaxPayload}.");
        if (!_calls.TryRent(out var call))
            throw new WorkerErrorException(WorkerErrorCode.Overloaded, "Too many calls are outstanding.");
        if (!_sender.TrySend(kind, call.Id, payload) && _calls.Take(call.Id) is { } unsent)
        {
            unsent.Fail(FrameSender.Full());
            unsent.Release();
        }
        return call.Await(_sender, cancellationToken);
    }

    private async Task ReadAsync()
    {
        Exception reason;
        try
        {
            while (await _source.ReadHeaderAsync(_closed.Token).ConfigureAwait(false) is { } header)
                await ReadFrameAsync(header).ConfigureAwait(false);
            reason = new WorkerUnavailableException("The worker closed the connection.");
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException or OperationCanceledException or WorkerProtocolException)
        {
            reason = e;
        }
        Break(reason);
    }

    private async ValueTask ReadFrameAsync(FrameHeader header)
    {
        CheckAnswer(header);
        var call = _calls.Take(header.Id) ?? throw new WorkerProtocolException("The worker answered a call that is not outstanding.");
        var buffer = ArrayPool<byte>.Shared.Rent(header.PayloadLength);
        var given = false;
        try
        {
            await _source.ReadPayloadAsync(buffer.AsMemory(0, header.PayloadLength), _closed.Token).ConfigureAwait(false);
            if (header.Kind == FrameKind.Error)
            {
                call.Fail(ReadError(buffer.AsSpan(0, header.PayloadLength)));
            }
            else
            {
                given = true;
                call.Complete(new WorkerAnswer(buffer, header.PayloadLength));
            }
        }
        catch (Exception e)
        {
            call.Fail(new WorkerUnavailableException("The connection to the worker broke inside an answer.", e));
            throw;
        }
        finally
        {
            if (!given)
                ArrayPool<byte>.Shared.Return(buffer);
            call.Release();
        }
    }

    private static void CheckAnswer(FrameHeader header)
    {
        var bounded = header.Kind switch
        {
            FrameKind.Answer => true,
            FrameKind.Error => header.PayloadLength is >= sizeof(ushort) and <= sizeof(ushort) + Limits.MaxErrorMessage,
            FrameKind.Pong => header.PayloadLength == 2 * sizeof(uint),
            _ => false,
        };
        if (!bounded)
            throw new WorkerProtocolException($"The worker sent a frame of kind {header.Kind} with {header.PayloadLength} bytes, which it may not.");
    }

    private static Exception ReadError(ReadOnlySpan<byte> payload)
    {
        var code = (WorkerErrorCode)BinaryPrimitives.ReadUInt16LittleEndian(payload);
        if (code is < WorkerErrorCode.BadRequest or > WorkerErrorCode.Overloaded)
            code = WorkerErrorCode.RuntimeFailure;
        return new WorkerErrorException(code, Text.Printable(Encoding.UTF8.GetString(payload[sizeof(ushort)..]), Limits.MaxErrorMessage));
    }

    private void Break(Exception reason)
    {
        if (!_calls.Break(reason))
            return;
        _socket.Dispose();
        _closed.Cancel();
    }
}
