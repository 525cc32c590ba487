using System.Buffers.Binary;
using Merlon.Scanning.Content;

namespace Merlon.Scanning.Hdf5;

/// <summary>The superblock, and bounded reads. HDF5 File Format Specification 3.0, II.A.</summary>
internal sealed class Hdf5File
{
    private static readonly byte[] s_signature = [0x89, (byte)'H', (byte)'D', (byte)'F', 0x0D, 0x0A, 0x1A, 0x0A];

    private readonly Stream _content;

    public Hdf5File(Stream content)
    {
        _content = content;
        var start = Read(0, (int)Math.Min(96, content.Length));
        if (!start.Bytes.StartsWith(s_signature))
            throw new MalformedException("hdf5.malformed", "The signature is missing.", 0);
        start.Skip(8);
        var version = start.UInt8();
        if (version is 0 or 1)
            ReadOld(ref start, version);
        else if (version is 2 or 3)
            ReadNew(ref start);
        else
            throw new MalformedException("hdf5.not-understood", $"The superblock has version {version}.", 8);
    }

    public ulong Root { get; private set; }

    /// <summary>End of the file as it says itself.</summary>
    public ulong End { get; private set; }

    public static bool Begins(ReadOnlySpan<byte> head) => head.StartsWith(s_signature);

    /// <summary>A name, which to the library ends at its first NUL: what stands behind one would be another name here than there.</summary>
    public static string Name(ReadOnlySpan<byte> name, long at) =>
        name.Contains((byte)0) ? throw new MalformedException("hdf5.malformed", "A name has a NUL in it.", at) : System.Text.Encoding.UTF8.GetString(name);

    /// <summary>An address that stands for none.</summary>
    public static bool IsUndefined(ulong address) => address == ulong.MaxValue;

    public Block Read(ulong address, ulong size)
    {
        var length = (ulong)_content.Length;
        if (size > Limits.BlockBytes || address > length || size > length - address)
            throw new MalformedException("hdf5.bounds", $"{size} bytes are asked for at {address}; the file has {length}.", (long)Math.Min(address, long.MaxValue));
        var bytes = new byte[(int)size];
        _content.Position = (long)address;
        _content.ReadExactly(bytes);
        return new Block(bytes, (long)address);
    }

    private Block Read(ulong address, int size) => Read(address, (ulong)size);

    /// <summary>Says that bytes of data lie in the file.</summary>
    public void RequireInside(ulong address, ulong size)
    {
        if (address > End || size > End - address)
            throw new MalformedException("hdf5.bounds", $"Data of {size} bytes at {address} end past the file.", (long)Math.Min(address, long.MaxValue));
    }

    private void ReadOld(ref Block block, byte version)
    {
        if (block.UInt8() != 0 || block.UInt8() != 0 || block.UInt8() != 0 || block.UInt8() != 0)
            throw block.NotUnderstood("A structure of the file has an unknown version.");
        RequireEights(ref block);
        block.Skip(1 + 2 + 2 + 4);
        if (version == 1)
            block.Skip(4);
        RequireZero(block.UInt64());
        block.Skip(8);
        End = block.UInt64();
        if (!IsUndefined(block.UInt64()))
            throw block.NotUnderstood("The file has driver information: it is one of several.");
        block.Skip(8);
        Root = block.UInt64();
    }

    private void ReadNew(ref Block block)
    {
        RequireEights(ref block);
        block.Skip(1);
        RequireZero(block.UInt64());
        if (!IsUndefined(block.UInt64()))
            throw block.NotUnderstood("The superblock has an extension.");
        End = block.UInt64();
        Root = block.UInt64();
    }

    private static void RequireEights(ref Block block)
    {
        if (block.UInt8() != 8 || block.UInt8() != 8)
            throw block.NotUnderstood("Addresses or lengths have another size than 8 bytes.");
    }

    private static void RequireZero(ulong address)
    {
        if (address != 0)
            throw new MalformedException("hdf5.not-understood", "The file's addresses do not begin at its first byte.");
    }
}

/// <summary>A piece of the file, read from its beginning to its end.</summary>
internal ref struct Block(byte[] bytes, long address)
{
    private int _at;

    public readonly ReadOnlySpan<byte> Bytes => bytes;
    public readonly int Left => bytes.Length - _at;
    public readonly int Position => _at;
    public readonly long Address => address + _at;

    public byte UInt8() => Take(1)[0];
    public ushort UInt16() => BinaryPrimitives.ReadUInt16LittleEndian(Take(2));
    public uint UInt32() => BinaryPrimitives.ReadUInt32LittleEndian(Take(4));
    public ulong UInt64() => BinaryPrimitives.ReadUInt64LittleEndian(Take(8));

    public ulong UInt(int size)
    {
        ulong value = 0;
        var taken = Take(size);
        for (var i = size - 1; i >= 0; i--)
            value = (value << 8) | taken[i];
        return value;
    }

    public void Skip(int count) => Take(count);

    public void Expect(ReadOnlySpan<byte> signature, string what)
    {
        if (!Take(signature.Length).SequenceEqual(signature))
            throw new MalformedException("hdf5.malformed", $"There is no {what} where one is named.", Address - signature.Length);
    }

    public ReadOnlySpan<byte> Take(int count)
    {
        if (count < 0 || count > Left)
            throw new MalformedException("hdf5.bounds", "A structure ends before its last field.", Address);
        var taken = bytes.AsSpan(_at, count);
        _at += count;
        return taken;
    }

    public readonly MalformedException NotUnderstood(string message) => new("hdf5.not-understood", message, Address);
}
