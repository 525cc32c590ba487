using Merlon.Scanning.Content;
using Merlon.Scanning.Pickle;

namespace Merlon.Scanning.Torch;

/// <summary>PyTorch's files before 1.6: five pickles (magic number, version, system, object, keys of storages), then the storages raw.</summary>
internal sealed class TorchLegacyScanner : IContentScanner
{
    private const int Pickles = 5;

    public string Format => "pytorch-legacy";
    public bool NeedsSeek => false;

    /// <summary>PROTO 2, LONG1 of ten bytes, and the number 0x1950a86a20f9469cfc6c.</summary>
    private static ReadOnlySpan<byte> Magic => [0x80, 0x02, 0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, (byte)'.'];

    public bool Recognises(ReadOnlySpan<byte> head, ContentTarget target) => head.StartsWith(Magic);

    public void Scan(ContentTarget target, ContentScan scan)
    {
        using var reader = new PickleReader(target.Content);
        var storages = new StorageIds();
        var surroundings = new PickleSurroundings { PersistentId = storages.Judge };
        for (var i = 0; i < Pickles; i++)
        {
            if (!PickleScanner.RunOne(reader, scan, target.Location, surroundings))
                return;
        }
        try
        {
            // Each storage stands behind its count of eight bytes, in the order of the keys; together they are the rest of the file.
            var rest = storages.Bytes.Values.Aggregate(0UL, (sum, bytes) => checked(sum + 8 + (ulong)bytes));
            reader.Skip(rest);
            if (!reader.AtEnd)
                scan.Findings.Block("torch.trailing", "Bytes follow the last storage.", $"{target.Location}@{reader.Position}");
        }
        catch (Exception e) when (e is PickleEndException or OverflowException)
        {
            scan.Findings.Block("torch.truncated", "The file is shorter than its storages.", target.Location, "Get the whole file.");
        }
    }
}
