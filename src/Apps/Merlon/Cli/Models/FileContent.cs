using System.Net;
using System.Security.Cryptography;

namespace Merlon.App.Cli.Models;

/// <summary>A file as a request body, read once in large pieces, hashed on the way, with its progress told.</summary>
/// <param name="hash">Takes the bytes that are sent, in order.</param>
internal sealed class FileContent(FileStream stream, IncrementalHash hash, Action<long> report) : HttpContent
{
    private const int PieceSize = 1 << 20;

    protected override Task SerializeToStreamAsync(Stream target, TransportContext? context) => SerializeToStreamAsync(target, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(Stream target, TransportContext? context, CancellationToken cancellationToken)
    {
        var buffer = new byte[PieceSize];
        int read;
        while ((read = await stream.ReadAsync(buffer, cancellationToken)) > 0)
        {
            hash.AppendData(buffer, 0, read);
            await target.WriteAsync(buffer.AsMemory(0, read), cancellationToken);
            report(read);
        }
    }

    protected override bool TryComputeLength(out long length)
    {
        length = stream.Length - stream.Position;
        return true;
    }
}
