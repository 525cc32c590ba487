using System.Buffers.Binary;
using System.Net.Sockets;
using Merlon.Kernel;
using Merlon.Scanning.Contracts;

namespace Merlon.Scanning.Sandboxed;

/// <summary>The worker's view of the artifact: every read is a question to the node. Blocking: a scan is one thread.</summary>
internal sealed class RemoteArtifact(Socket socket, IReadOnlyList<ContentFile> files) : IArtifactReader
{
    public Stream OpenFile(string path)
    {
        for (var i = 0; i < files.Count; i++)
        {
            if (files[i].Path == path)
                return new RemoteStream(this, i, files[i].Size);
        }
        throw new FileNotFoundException("Not a file of the artifact.");
    }

    private byte[] Read(int file, long offset, int length)
    {
        var question = new byte[ScanChannel.ReadPayload];
        BinaryPrimitives.WriteUInt32LittleEndian(question, (uint)file);
        BinaryPrimitives.WriteUInt64LittleEndian(question.AsSpan(4), (ulong)offset);
        BinaryPrimitives.WriteUInt32LittleEndian(question.AsSpan(12), (uint)length);
        return AskAsync(question).GetAwaiter().GetResult();
    }

    private async Task<byte[]> AskAsync(byte[] question)
    {
        await ScanChannel.SendAsync(socket, ScanFrame.Read, question, CancellationToken.None).ConfigureAwait(false);
        var (_, data) = await ScanChannel.ReceiveAsync(socket, static kind => kind == ScanFrame.Data ? Limits.ReadBytes : -1, CancellationToken.None).ConfigureAwait(false);
        return data;
    }

    /// <summary>Keeps the piece last read: parsers move forward in small steps.</summary>
    private sealed class RemoteStream(RemoteArtifact artifact, int file, long length) : Stream
    {
        // Whoever jumps reads little at each place; whoever goes on reads more and more at once. What is asked for counts against the scan.
        private const int FirstPiece = 16 * 1024, LargestPiece = 1024 * 1024;

        private byte[] _piece = [];
        private long _pieceAt;
        private int _next = FirstPiece;

        public override bool CanRead => true;
        public override bool CanSeek => true;
        public override bool CanWrite => false;
        public override long Length => length;
        public override long Position { get; set; }

        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

        public override int Read(Span<byte> buffer)
        {
            if (Position >= length || buffer.IsEmpty)
                return 0;
            if (Position < _pieceAt || Position >= _pieceAt + _piece.Length)
            {
                _next = Position == _pieceAt + _piece.Length ? Math.Min(_next * 4, LargestPiece) : FirstPiece;
                _piece = artifact.Read(file, Position, (int)Math.Min(_next, length - Position));
                _pieceAt = Position;
            }
            var from = (int)(Position - _pieceAt);
            var taken = Math.Min(buffer.Length, _piece.Length - from);
            _piece.AsSpan(from, taken).CopyTo(buffer);
            Position += taken;
            return taken;
        }

        public override long Seek(long offset, SeekOrigin origin) => Position = origin switch
        {
            SeekOrigin.Begin => offset,
            SeekOrigin.Current => Position + offset,
            _ => length + offset,
        };

        public override void Flush()
        {
        }

        public override void SetLength(long value) => throw new NotSupportedException();
        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
