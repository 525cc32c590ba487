using System.Security.Cryptography;
using System.Threading.Channels;

namespace Merlon.Keys;

/// <summary>
/// Hashes and seals frames beside each other: one task computes SHA-256, one encrypts and writes, so that sealing costs no more time than hashing.
/// Buffers go round in a ring.
/// </summary>
internal sealed class FramePipeline : IDisposable
{
    private const int Buffers = 4;
    private readonly Channel<Frame> _free = Channel.CreateUnbounded<Frame>();
    private readonly Channel<Frame> _toHash = Channel.CreateUnbounded<Frame>(new UnboundedChannelOptions { SingleReader = true });
    private readonly Channel<Frame> _toSeal = Channel.CreateUnbounded<Frame>(new UnboundedChannelOptions { SingleReader = true });
    private readonly IncrementalHash _hash;
    private readonly Action<Frame> _seal;
    private readonly Task _tasks;
    private Exception? _failure;

    internal FramePipeline(IncrementalHash hash, Action<Frame> seal)
    {
        (_hash, _seal) = (hash, seal);
        for (var i = 0; i < Buffers; i++)
            _free.Writer.TryWrite(new Frame());
        _tasks = Task.WhenAll(
            Task.Run(() => ConsumeAsync(_toHash.Reader, frame => _hash.AppendData(frame.Buffer, 0, frame.Length))),
            Task.Run(() => ConsumeAsync(_toSeal.Reader, _seal)));
    }

    /// <summary>An empty frame; waits until one is free.</summary>
    internal async ValueTask<Frame> RentAsync(CancellationToken cancellationToken)
    {
        if (Volatile.Read(ref _failure) is { } failure)
            throw new IOException($"Sealing failed: {failure.Message}", failure);
        var frame = await _free.Reader.ReadAsync(cancellationToken);
        frame.Length = 0;
        frame.Users = 2;
        return frame;
    }

    internal void Post(Frame frame)
    {
        _toHash.Writer.TryWrite(frame);
        _toSeal.Writer.TryWrite(frame);
    }

    /// <summary>Waits until everything posted is hashed and written.</summary>
    internal async Task CompleteAsync()
    {
        _toHash.Writer.TryComplete();
        _toSeal.Writer.TryComplete();
        await _tasks;
        if (_failure is not null)
            throw new IOException($"Sealing failed: {_failure.Message}", _failure);
    }

    private async Task ConsumeAsync(ChannelReader<Frame> frames, Action<Frame> work)
    {
        await foreach (var frame in frames.ReadAllAsync())
        {
            try
            {
                if (Volatile.Read(ref _failure) is null)
                    work(frame);
            }
            catch (Exception exception) when (exception is not OutOfMemoryException)
            {
                Volatile.Write(ref _failure, exception);
            }
            if (Interlocked.Decrement(ref frame.Users) == 0)
                _free.Writer.TryWrite(frame);
        }
    }

    public void Dispose()
    {
        _toHash.Writer.TryComplete();
        _toSeal.Writer.TryComplete();
    }

    /// <summary>Waits until no task touches the cipher or the hash any more.</summary>
    internal void Drain() => _tasks.GetAwaiter().GetResult();

    /// <summary>The plaintext of a frame on its way.</summary>
    internal sealed class Frame
    {
        internal readonly byte[] Buffer = GC.AllocateUninitializedArray<byte>(Limits.FrameLength);
        internal int Length;
        internal int Users;
        internal bool IsFinal;
    }
}
