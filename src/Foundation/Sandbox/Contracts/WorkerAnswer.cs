using System.Buffers;

namespace Merlon.Sandbox.Contracts;

/// <summary>The <c>tensors</c> payload of one answer, in a pooled buffer that it owns. Read it with <see cref="TensorReader"/>, then dispose.</summary>
/// <remarks>A class and not a struct: a copied struct disposed twice would hand one buffer to two callers.</remarks>
public sealed class WorkerAnswer : IDisposable
{
    private readonly int _length;
    private byte[]? _buffer;

    internal WorkerAnswer(byte[] buffer, int length)
    {
        _buffer = buffer;
        _length = length;
    }

    /// <exception cref="ObjectDisposedException">The buffer has gone back to the pool.</exception>
    public ReadOnlyMemory<byte> Payload =>
        new(_buffer ?? throw new ObjectDisposedException(nameof(WorkerAnswer)), 0, _length);

    public void Dispose()
    {
        var buffer = Interlocked.Exchange(ref _buffer, null);
        if (buffer is not null)
            ArrayPool<byte>.Shared.Return(buffer);
    }
}
