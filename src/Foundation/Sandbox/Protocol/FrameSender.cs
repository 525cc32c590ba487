using System.Buffers;
using System.Net.Sockets;
using Merlon.Sandbox.Contracts;

namespace Merlon.Sandbox.Protocol;

/// <summary>
/// Writes frames of many callers to one socket in whole, joining those that wait into one system call. The first caller to find the socket idle
/// writes at once on its own thread, so that a lone call pays no hand-over.
/// </summary>
internal sealed class FrameSender(Socket socket, Action<Exception> onBroken)
{
    private const int SmallBuffer = 16 * 1024;

    /// <summary>A caller writes for others at most this often before a pool thread takes over.</summary>
    private const int RoundsPerCaller = 4;

    private readonly Lock _lock = new();
    private byte[] _waiting = ArrayPool<byte>.Shared.Rent(SmallBuffer);
    private byte[] _writing = ArrayPool<byte>.Shared.Rent(SmallBuffer);
    private int _waitingLength;
    private bool _flushing;

    /// <summary>Queues one frame and sees to it that it is written. False when the queue is full: the worker does not read.</summary>
    public bool TrySend(FrameKind kind, uint id, ReadOnlySpan<byte> payload)
    {
        lock (_lock)
        {
            var needed = FrameHeader.Size + payload.Length;
            if (_waitingLength + (long)needed > Limits.MaxQueuedSend)
                return false;
            EnsureRoom(needed);
            new FrameHeader(kind, id, payload.Length).Write(_waiting.AsSpan(_waitingLength));
            payload.CopyTo(_waiting.AsSpan(_waitingLength + FrameHeader.Size));
            _waitingLength += needed;
            if (_flushing)
                return true;
            _flushing = true;
        }
        _ = FlushAsync();
        return true;
    }

    private async Task FlushAsync()
    {
        try
        {
            for (var round = 1; TakeWaiting(out var length); round++)
            {
                for (var sent = 0; sent < length;)
                    sent += await socket.SendAsync(_writing.AsMemory(sent, length - sent), SocketFlags.None).ConfigureAwait(false);
                if (round == RoundsPerCaller)
                    await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            onBroken(e);
        }
    }

    private bool TakeWaiting(out int length)
    {
        lock (_lock)
        {
            length = _waitingLength;
            if (length == 0)
            {
                _flushing = false;
                return false;
            }
            (_waiting, _writing) = (_writing, _waiting);
            _waitingLength = 0;
            // One large call must not leave its buffer behind for good.
            if (_waiting.Length > 64 * SmallBuffer)
            {
                ArrayPool<byte>.Shared.Return(_waiting);
                _waiting = ArrayPool<byte>.Shared.Rent(SmallBuffer);
            }
            return true;
        }
    }

    private void EnsureRoom(int needed)
    {
        if (needed <= _waiting.Length - _waitingLength)
            return;
        var larger = ArrayPool<byte>.Shared.Rent((int)Math.Min(Math.Max(2L * _waiting.Length, (long)_waitingLength + needed), Limits.MaxQueuedSend));
        _waiting.AsSpan(0, _waitingLength).CopyTo(larger);
        ArrayPool<byte>.Shared.Return(_waiting);
        _waiting = larger;
    }

    internal static WorkerUnavailableException Full() => new("The worker does not take requests fast enough.");
}
