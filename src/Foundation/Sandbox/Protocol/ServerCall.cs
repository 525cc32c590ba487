using System.Buffers;

namespace Merlon.Sandbox.Protocol;

/// <summary>One request that waits for or has a compute thread. Owns its pooled payload.</summary>
internal sealed class ServerCall(ServerConnection connection, uint id, byte[] buffer, int length, long started) : IDisposable
{
    private readonly CancellationTokenSource _cancellation = new();

    public ServerConnection Connection { get; } = connection;
    public uint Id { get; } = id;
    public long Started { get; } = started;
    public int Length { get; } = length;
    public ReadOnlySpan<byte> Payload => buffer.AsSpan(0, Length);
    public CancellationToken Cancelled => _cancellation.Token;

    public void Cancel() => _cancellation.Cancel();

    public void Dispose()
    {
        ArrayPool<byte>.Shared.Return(buffer);
        _cancellation.Dispose();
    }
}
