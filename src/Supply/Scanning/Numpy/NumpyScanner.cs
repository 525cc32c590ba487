using System.Buffers.Binary;
using Merlon.Scanning.Content;
using Merlon.Scanning.Pickle;

namespace Merlon.Scanning.Numpy;

/// <summary>NumPy's .npy files: a header and numbers, or a header and a pickle of objects.</summary>
internal sealed class NumpyScanner : IContentScanner
{
    public string Format => "numpy";
    public bool NeedsSeek => false;

    public bool Recognises(ReadOnlySpan<byte> head, ContentTarget target) => head.StartsWith(Magic);

    private static ReadOnlySpan<byte> Magic => [0x93, (byte)'N', (byte)'U', (byte)'M', (byte)'P', (byte)'Y'];

    public void Scan(ContentTarget target, ContentScan scan)
    {
        using var reader = new PickleReader(target.Content);
        try
        {
            var header = ReadHeader(reader);
            if (!header.HasObjects)
                reader.Skip(checked((ulong)(header.Items * header.ItemBytes)));
            else if (!PickleScanner.RunOne(reader, scan, target.Location, new PickleSurroundings()))
                return;
            if (!reader.AtEnd)
                scan.Findings.Block("numpy.trailing", "Bytes follow the array.", $"{target.Location}@{reader.Position}", "Save the array again with numpy.save.");
        }
        catch (ArrayHeaderException e)
        {
            scan.Findings.Block("numpy.header", e.Message, target.Location, "Save the array again with numpy.save.");
        }
        catch (PickleEndException)
        {
            scan.Findings.Block("numpy.truncated", "The file is shorter than its header says.", target.Location, "Get the whole file.");
        }
        catch (OverflowException)
        {
            scan.Findings.Block("numpy.header", "The array is larger than any file.", target.Location);
        }
    }

    private static ArrayHeader ReadHeader(PickleReader reader)
    {
        var version = reader.Read(8)[6];
        if (version is < 1 or > 3)
            throw new ArrayHeaderException($"Version {version} of the format is not understood.");
        var length = version == 1 ? BinaryPrimitives.ReadUInt16LittleEndian(reader.Read(2)) : reader.ReadUInt32();
        return length <= Limits.Header
            ? ArrayHeader.Parse(reader.Read((int)length))
            : throw new ArrayHeaderException($"The header has {length} bytes; allowed are {Limits.Header}.");
    }
}
