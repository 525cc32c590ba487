using System.Text;
using Merlon.Scanning.Content;

namespace Merlon.Scanning.Hdf5;

/// <summary>Attributes, and those of one text in full. Specification IV.A.2.m.</summary>
internal static class AttributeReader
{
    private const int StringClass = 3, VariableClass = 9;

    /// <returns>The name, and the text when it is one.</returns>
    public static (string Name, byte[]? Text) Read(Hdf5File file, ref Block block)
    {
        var version = block.UInt8();
        if (version is < 1 or > 3)
            throw block.NotUnderstood("An attribute has an unknown version.");
        // Flags say that type or space lie elsewhere.
        if (block.UInt8() != 0 && version > 1)
            throw block.NotUnderstood("An attribute shares its type.");
        var (nameSize, typeSize, spaceSize) = (block.UInt16(), block.UInt16(), block.UInt16());
        if (version == 3)
            block.Skip(1);
        var name = Hdf5File.Name(block.Take(Padded(nameSize, version))[..nameSize].TrimEnd((byte)0), block.Address);
        var type = block.Take(Padded(typeSize, version)).ToArray();
        var space = block.Take(Padded(spaceSize, version)).ToArray();
        var kind = type.Length >= 8 ? type[0] & 0x0F : throw block.NotUnderstood("An attribute's type is too short.");
        var wanted = name is "model_config" or "training_config";
        if (kind == StringClass && IsScalar(space))
            return (name, block.Take(block.Left).ToArray());
        if (kind == VariableClass && (type[1] & 0x0F) == 1 && IsScalar(space))
            return (name, ReadGlobal(file, ref block));
        if (wanted)
            throw block.NotUnderstood($"The attribute '{name}' is not one text.");
        return (name, null);
    }

    private static int Padded(int size, int version) => version == 1 ? (size + 7) / 8 * 8 : size;

    private static bool IsScalar(byte[] space) => space.Length >= 2 && space[0] is 1 or 2 && space[1] == 0;

    // Specification III.E: a text of variable length lies in a global heap.
    private static byte[]? ReadGlobal(Hdf5File file, ref Block block)
    {
        var length = block.UInt32();
        var address = block.UInt64();
        var index = block.UInt32();
        if (index == 0)
            return [];
        var head = file.Read(address, 16UL);
        head.Expect("GCOL"u8, "global heap");
        head.Skip(4);
        var heap = file.Read(address, Math.Max(16, head.UInt64()));
        heap.Skip(16);
        while (heap.Left >= 16)
        {
            var at = heap.UInt16();
            heap.Skip(6);
            var size = heap.UInt64();
            if (at == 0)
                break;
            if (size > (ulong)heap.Left)
                throw new MalformedException("hdf5.bounds", "An object ends past its global heap.", heap.Address);
            var content = heap.Take((int)size);
            if (at == index)
                return length <= size && length <= Limits.ConfigurationBytes ? content[..(int)length].ToArray() : throw new MalformedException("hdf5.bounds", "A text is longer than its place.", heap.Address);
            heap.Skip(Math.Min(heap.Left, (int)((8 - size % 8) % 8)));
        }
        throw new MalformedException("hdf5.malformed", "A text is not in the global heap where it should be.", block.Address);
    }
}
