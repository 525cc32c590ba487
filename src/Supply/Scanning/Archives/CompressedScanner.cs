using System.Buffers.Binary;
using System.IO.Compression;
using K4os.Compression.LZ4.Streams;
using Merlon.Scanning.Content;
using SharpCompress.Compressors.BZip2;
using SharpCompress.Compressors.LZMA;
using SharpCompress.Compressors.Xz;

namespace Merlon.Scanning.Archives;

/// <summary>One compressed stream, whole and alone: what is inside is looked at as what it is, and nothing may follow it.</summary>
internal sealed class CompressedScanner : IContentScanner
{
    private readonly Func<ReadOnlySpan<byte>, bool> _recognises;
    private readonly Func<Stream, Stream> _open;

    /// <summary>True when the last bytes of the file are the checksum of the content; null when the decompressor stops exactly at its end.</summary>
    private readonly Func<ExpandedStream, TailStream, bool>? _ends;

    private CompressedScanner(string format, Func<ReadOnlySpan<byte>, bool> recognises, Func<Stream, Stream> open, Func<ExpandedStream, TailStream, bool>? ends = null) =>
        (Format, _recognises, _open, _ends) = (format, recognises, open, ends);

    public string Format { get; }
    public bool NeedsSeek => false;

    public static IEnumerable<IContentScanner> All { get; } =
    [
        new CompressedScanner("gzip", static head => head is [0x1f, 0x8b, 8, ..], static s => new GZipStream(s, CompressionMode.Decompress), static (content, file) =>
            BinaryPrimitives.ReadUInt32LittleEndian(file.Tail) == content.Crc.GetCurrentHashAsUInt32() && BinaryPrimitives.ReadUInt32LittleEndian(file.Tail[4..]) == (uint)content.Count),
        new CompressedScanner("bzip2", static head => head is [(byte)'B', (byte)'Z', (byte)'h', >= (byte)'1' and <= (byte)'9', 0x31, 0x41, 0x59, 0x26, 0x53, 0x59, ..],
            static s => BZip2Stream.Create(s, SharpCompress.Compressors.CompressionMode.Decompress, false)),
        new CompressedScanner("xz", static head => head is [0xfd, (byte)'7', (byte)'z', (byte)'X', (byte)'Z', 0, ..], static s => new XZStream(s)),
        new CompressedScanner("lz4", static head => head is [0x04, 0x22, 0x4d, 0x18, ..], static s => LZ4Stream.Decode(s)),
        new CompressedScanner("lzma", static head => head is [0x5d, 0, 0, _, _, ..] && head.Length > 13 && head[5..13] is [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], OpenLzma),
        new CompressedScanner("zlib", static head => head is [0x78, 0x01 or 0x5e or 0x9c or 0xda, ..], static s => new ZLibStream(s, CompressionMode.Decompress), static (content, file) =>
            BinaryPrimitives.ReadUInt32BigEndian(file.Tail[4..]) == content.Adler),
    ];

    public bool Recognises(ReadOnlySpan<byte> head, ContentTarget target) => _recognises(head);

    public void Scan(ContentTarget target, ContentScan scan)
    {
        var file = new TailStream(target.Content);
        try
        {
            using var content = new ExpandedStream(_open(file), scan, target.Location);
            scan.Descend(new ContentTarget($"{target.Location}!", "", content, -1, target.Depth + 1));
            content.Drain();
            var left = file.Finish();
            if (_ends is null ? left > 0 : !_ends(content, file))
                scan.Findings.Block("archive.trailing", "Bytes follow the compressed content, or its checksum is wrong.", target.Location, "Compress the file again.");
        }
        catch (ExpandException e)
        {
            scan.Findings.Block("archive.damaged", $"{e.Message} It cannot be looked at completely.", target.Location, "Get the file again.");
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            // The libraries have exceptions of many kinds for a damaged beginning.
            scan.Findings.Block("archive.damaged", "The compressed content cannot be opened.", target.Location, "Get the file again.");
        }
    }

    /// <summary>The old .lzma form: properties (5), size (8, here unknown), data up to an end mark.</summary>
    private static LzmaStream OpenLzma(Stream stream)
    {
        var header = new byte[13];
        stream.ReadExactly(header);
        return LzmaStream.Create(header[..5], stream, false);
    }
}
