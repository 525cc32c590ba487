using System.Buffers.Binary;
using System.Text;
using Merlon.Scanning.Content;
using Merlon.Scanning.Files;

namespace Merlon.Scanning.Safetensors;

/// <summary>Safetensors: eight bytes of length, a JSON header, and tensors that fill the rest without holes or overlaps.</summary>
internal sealed class SafetensorsScanner : IContentScanner
{
    private const int LengthBytes = 8;

    public string Format => "safetensors";
    public bool NeedsSeek => true;

    public bool Recognises(ReadOnlySpan<byte> head, ContentTarget target) =>
        head.Length > LengthBytes && head[LengthBytes] == (byte)'{' && BinaryPrimitives.ReadUInt64LittleEndian(head) is > 0 and < 1UL << 40;

    public void Scan(ContentTarget target, ContentScan scan)
    {
        try
        {
            var content = target.Content;
            var prefix = new byte[LengthBytes];
            content.ReadExactly(prefix);
            var length = BinaryPrimitives.ReadUInt64LittleEndian(prefix);
            if (length > Limits.HeaderBytes || length > (ulong)(content.Length - LengthBytes))
                throw new MalformedException("safetensors.header-size", $"The header has {length} bytes; the file has {content.Length}, and allowed are {Limits.HeaderBytes}.", 0);
            var header = new byte[(int)length];
            content.ReadExactly(header);
            TextRules.JudgeSecrets(target.Location, Encoding.UTF8.GetString(header), scan.Findings);
            var tensors = new HeaderReader(header).Read();
            CheckSpans(tensors, content.Length - LengthBytes - (long)length);
            if (ZipEnding.Is(content))
                throw new MalformedException("safetensors.polyglot", "The file ends as a zip archive does.");
        }
        catch (MalformedException e)
        {
            scan.Block(target, e);
        }
    }

    private static void CheckSpans(List<TensorSpan> tensors, long size)
    {
        tensors.Sort((a, b) => a.From != b.From ? a.From.CompareTo(b.From) : a.To.CompareTo(b.To));
        long end = 0;
        foreach (var tensor in tensors)
        {
            if (tensor.To > size)
                throw new MalformedException("safetensors.bounds", $"The tensor '{tensor.Name}' ends at {tensor.To}; there are {size} bytes.");
            if (tensor.From < end)
                throw new MalformedException("safetensors.overlap", $"The tensor '{tensor.Name}' begins at {tensor.From}, before the one ahead of it ends.");
            if (tensor.From > end)
                throw new MalformedException("safetensors.hole", $"The bytes from {end} to {tensor.From} belong to no tensor.");
            end = tensor.To;
        }
        if (end != size)
            throw new MalformedException("safetensors.hole", $"The last {size - end} bytes belong to no tensor.");
    }
}
