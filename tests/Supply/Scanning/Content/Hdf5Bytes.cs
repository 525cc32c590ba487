using System.Buffers.Binary;
using System.Text;

namespace Merlon.Scanning.Tests.Content;

/// <summary>Writes HDF5 files by the specification (superblock 2, object headers of version 2 unless said), right or wrong.</summary>
internal sealed class Hdf5Bytes
{
    private readonly MemoryStream _file = new();

    public Hdf5Bytes() => _file.Write(new byte[48]);

    public ulong Here => (ulong)_file.Length;

    public ulong Add(byte[] bytes)
    {
        var at = Here;
        _file.Write(bytes);
        return at;
    }

    /// <summary>An object with these messages.</summary>
    public ulong Object(params byte[] messages) => Add([.. "OHDR"u8, 2, 2, .. UInt32((uint)messages.Length), .. messages, 0, 0, 0, 0]);

    /// <summary>An object of the old form, which says how many messages it has.</summary>
    public ulong OldObject(int count, params byte[] messages) => Add([1, 0, .. UInt16(count), 1, 0, 0, 0, .. UInt32((uint)messages.Length), 0, 0, 0, 0, .. messages]);

    public byte[] ToArray(ulong root)
    {
        var file = _file.ToArray();
        byte[] head = [0x89, .. "HDF"u8, 0x0D, 0x0A, 0x1A, 0x0A, 2, 8, 8, 0, .. UInt64(0), .. UInt64(ulong.MaxValue), .. UInt64((ulong)file.Length), .. UInt64(root)];
        head.CopyTo(file, 0);
        return file;
    }

    public static byte[] Message(int type, params byte[] content) => [(byte)type, .. UInt16(content.Length), 0, .. content];

    public static byte[] OldMessage(int type, params byte[] content)
    {
        var padded = new byte[(content.Length + 7) / 8 * 8];
        content.CopyTo(padded, 0);
        return [.. UInt16(type), .. UInt16(padded.Length), 0, 0, 0, 0, .. padded];
    }

    public static byte[] Link(string name, ulong address) => Message(6, [1, 1, .. UInt16(Encoding.UTF8.GetByteCount(name)), .. Encoding.UTF8.GetBytes(name), .. UInt64(address)]);

    /// <summary>A scalar text of fixed length.</summary>
    public static byte[] Attribute(string name, string text) => Attribute(name, [0x13, 0, 0, 0, .. UInt32((uint)text.Length)], Encoding.UTF8.GetBytes(text));

    /// <summary>A scalar text of variable length in the global heap.</summary>
    public static byte[] HeapAttribute(string name, uint length, ulong heap, uint index) =>
        Attribute(name, [0x19, 1, 0, 0, 16, 0, 0, 0, 0x13, 0, 0, 0, 1, 0, 0, 0], [.. UInt32(length), .. UInt64(heap), .. UInt32(index)]);

    private static byte[] Attribute(string name, byte[] type, byte[] value)
    {
        byte[] terminated = [.. Encoding.UTF8.GetBytes(name), 0];
        return [3, 0, .. UInt16(terminated.Length), .. UInt16(type.Length), 4, 0, 0, .. terminated, .. type, 2, 0, 0, 0, .. value];
    }

    /// <summary>A global heap that says it has <paramref name="size"/> bytes, with one object.</summary>
    public static byte[] Heap(int size, byte[] content)
    {
        var heap = new byte[size];
        ((byte[])[.. "GCOL"u8, 1, 0, 0, 0, .. UInt64((ulong)size), 1, 0, 1, 0, 0, 0, 0, 0, .. UInt64((ulong)content.Length), .. content]).CopyTo(heap, 0);
        return heap;
    }

    public static byte[] TreeNode(int level, params ulong[] children) =>
        [.. "TREE"u8, 0, (byte)level, .. UInt16(children.Length), .. UInt64(ulong.MaxValue), .. UInt64(ulong.MaxValue),
            .. children.SelectMany(child => (byte[])[.. UInt64(0), .. UInt64(child)]), .. children.Length == 0 ? [] : UInt64(0)];

    public static byte[] UInt16(int value) => [(byte)value, (byte)(value >> 8)];

    public static byte[] UInt32(uint value)
    {
        var bytes = new byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, value);
        return bytes;
    }

    public static byte[] UInt64(ulong value)
    {
        var bytes = new byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, value);
        return bytes;
    }
}
