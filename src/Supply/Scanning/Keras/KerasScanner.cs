using System.IO.Compression;
using System.Text;
using Merlon.Scanning.Content;

namespace Merlon.Scanning.Keras;

/// <summary>A Keras 3 archive.</summary>
internal sealed class KerasScanner : IContentScanner
{
    private const int DirectoryTail = 64 * 1024;

    public string Format => "keras";
    public bool NeedsSeek => true;

    /// <summary>A zip archive whose directory names Keras's weights beside its configuration.</summary>
    public bool Recognises(ReadOnlySpan<byte> head, ContentTarget target)
    {
        if (!head.StartsWith("PK\u0003\u0004"u8))
            return false;
        if (Names(head))
            return true;
        if (!target.Content.CanSeek)
            return false;
        var tail = new byte[(int)Math.Min(DirectoryTail, target.Content.Length)];
        target.Content.Position = target.Content.Length - tail.Length;
        target.Content.ReadExactly(tail);
        target.Content.Position = 0;
        return Names(tail);
    }

    public void Scan(ContentTarget target, ContentScan scan)
    {
        try
        {
            using var zip = new ZipArchive(target.Content, ZipArchiveMode.Read, leaveOpen: true, Encoding.UTF8);
            if (zip.Entries.Count > Limits.Entries)
                throw new InvalidDataException($"it has more than {Limits.Entries} entries");
            var rules = new KerasArchiveRules(target, scan);
            foreach (var entry in zip.Entries)
            {
                if (!scan.Expand(entry.Length, target.Location))
                    return;
                using var content = new BoundedStream(entry.Open(), entry.Length);
                rules.Judge(entry.FullName, content, entry.Length);
            }
            rules.Finish();
        }
        catch (Exception e) when (e is InvalidDataException or EndOfStreamException or NotSupportedException or ArgumentException)
        {
            scan.Findings.Block("keras.archive", $"The archive cannot be read: {e.Message}", target.Location);
        }
    }

    private static bool Names(ReadOnlySpan<byte> bytes) =>
        bytes.IndexOf("config.json"u8) >= 0 && (bytes.IndexOf("model.weights.h5"u8) >= 0 || bytes.IndexOf("metadata.json"u8) >= 0);

    /// <summary>Gives no more bytes than the directory said, and says when there would be more.</summary>
    private sealed class BoundedStream(Stream inner, long length) : Stream
    {
        private long _given;

        public override bool CanRead => true;
        public override bool CanSeek => false;
        public override bool CanWrite => false;
        public override long Length => length;
        public override long Position { get => _given; set => throw new NotSupportedException(); }

        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

        public override int Read(Span<byte> buffer)
        {
            var count = inner.Read(buffer);
            _given += count;
            return _given <= length ? count : throw new InvalidDataException("an entry is longer than its directory says");
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
        public override void SetLength(long value) => throw new NotSupportedException();
        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override void Flush()
        {
        }

        protected override void Dispose(bool disposing)
        {
            if (disposing)
                inner.Dispose();
            base.Dispose(disposing);
        }
    }
}
