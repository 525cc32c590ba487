using Merlon.Keys;

namespace Merlon.Registry.Storage;

/// <summary>A file on its way in: sealed and hashed as it comes. Disposed before it is complete, it keeps its whole frames for a later go.</summary>
internal sealed class StagedBlob : IAsyncDisposable
{
    private readonly FileStream _file;
    private readonly SealedWriter _writer;

    private StagedBlob(FileStream file, SealedWriter writer)
    {
        _file = file;
        _writer = writer;
    }

    /// <summary>Plaintext bytes taken so far.</summary>
    public long Position => _writer.Position;

    public static async Task<StagedBlob> OpenAsync(FileStream file, byte[] key, byte[] slot, CancellationToken cancellationToken)
    {
        try
        {
            if (file.Length == 0)
                return new StagedBlob(file, SealedWriter.Create(file, key, slot));
            var (writer, _) = await SealedWriter.ResumeAsync(file, key, cancellationToken);
            return new StagedBlob(file, writer);
        }
        catch
        {
            await file.DisposeAsync();
            throw;
        }
    }

    public ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken) => _writer.WriteAsync(bytes, cancellationToken);

    /// <summary>Ends the message and brings it to disk.</summary>
    public async Task<SealInfo> CompleteAsync(CancellationToken cancellationToken)
    {
        var info = await _writer.CompleteAsync(cancellationToken);
        _file.Flush(flushToDisk: true);
        return info;
    }

    public async ValueTask DisposeAsync()
    {
        await _writer.DisposeAsync();
        await _file.DisposeAsync();
    }
}
