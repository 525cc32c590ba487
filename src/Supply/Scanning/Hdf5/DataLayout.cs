using Merlon.Scanning.Content;

namespace Merlon.Scanning.Hdf5;

/// <summary>Where the bytes of a dataset lie. Specification IV.A.2.i.</summary>
internal sealed class DataLayout(Hdf5File file, string path)
{
    private const int Compact = 0, Contiguous = 1, Chunked = 2, Virtual = 3;

    public void Read(ref Block block)
    {
        var version = block.UInt8();
        if (version is not 3 and not 4)
            throw block.NotUnderstood($"The layout of '{path}' has version {version}.");
        switch (block.UInt8())
        {
            case Compact:
                block.Skip(block.UInt16());
                break;
            case Contiguous:
                RequireInside(block.UInt64(), block.UInt64());
                break;
            case Chunked when version == 3:
                var dimensions = block.UInt8();
                var tree = block.UInt64();
                if (dimensions is 0 or > 33)
                    throw block.NotUnderstood($"The chunks of '{path}' have {dimensions} dimensions.");
                if (!Hdf5File.IsUndefined(tree))
                    BTree.RequireChunksInside(file, tree, 8 + 8 * dimensions);
                break;
            case Virtual:
                throw new MalformedException("hdf5.virtual-dataset", $"The data of '{path}' are mapped from other files.", block.Address);
            default:
                throw block.NotUnderstood($"The data of '{path}' are laid out in a way that is not understood.");
        }
    }

    private void RequireInside(ulong address, ulong size)
    {
        if (!Hdf5File.IsUndefined(address))
            file.RequireInside(address, size);
    }
}

/// <summary>Filters that a dataset's chunks go through. Specification IV.A.2.l.</summary>
internal static class FilterPipeline
{
    private const int Deflate = 1, Shuffle = 2, Fletcher32 = 3;

    public static void Read(ref Block block, string path)
    {
        var version = block.UInt8();
        var count = block.UInt8();
        if (version is not 1 and not 2)
            throw block.NotUnderstood("A filter pipeline has an unknown version.");
        if (version == 1)
            block.Skip(6);
        for (var i = 0; i < count; i++)
        {
            var id = block.UInt16();
            if (id is not Deflate and not Shuffle and not Fletcher32)
                throw new MalformedException("hdf5.filter", $"The data of '{path}' go through the filter {id}.", block.Address);
            var nameBytes = version == 1 ? block.UInt16() : 0;
            block.Skip(2);
            var values = block.UInt16();
            block.Skip((nameBytes + 7) / 8 * 8 + 4 * values + (version == 1 && values % 2 == 1 ? 4 : 0));
        }
    }
}
