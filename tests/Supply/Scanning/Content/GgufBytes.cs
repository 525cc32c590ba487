using System.Buffers.Binary;
using System.Text;

namespace Merlon.Scanning.Tests.Content;

/// <summary>Writes GGUF files from the specification, right or wrong.</summary>
internal sealed class GgufBytes(bool bigEndian = false, uint version = 3)
{
    private readonly MemoryStream _pairs = new(), _tensors = new(), _data = new();
    private ulong _pairCount, _tensorCount;

    public ulong? Pairs { get; init; }
    public ulong? Tensors { get; init; }

    public GgufBytes Text(string key, string value)
    {
        Key(key, 8);
        Write(_pairs, value);
        return this;
    }

    public GgufBytes UInt32(string key, uint value)
    {
        Key(key, 4);
        Write(_pairs, value);
        return this;
    }

    public GgufBytes Texts(string key, params string[] values)
    {
        Key(key, 9);
        Write(_pairs, 8u);
        Write(_pairs, (ulong)values.Length);
        foreach (var value in values)
            Write(_pairs, value);
        return this;
    }

    public GgufBytes Raw(string key, uint type, params byte[] bytes)
    {
        Key(key, type);
        _pairs.Write(bytes);
        return this;
    }

    public GgufBytes Tensor(string name, uint type, ulong[] shape, int bytes, ulong? offset = null)
    {
        _tensorCount++;
        _data.Write(new byte[(int)((32 - _data.Length % 32) % 32)]);
        Write(_tensors, name);
        Write(_tensors, (uint)shape.Length);
        foreach (var dimension in shape)
            Write(_tensors, dimension);
        Write(_tensors, type);
        Write(_tensors, offset ?? (ulong)_data.Length);
        _data.Write(Enumerable.Repeat((byte)7, bytes).ToArray());
        return this;
    }

    public byte[] ToArray(params byte[] trailing)
    {
        var file = new MemoryStream();
        file.Write("GGUF"u8);
        Write(file, version);
        Write(file, Tensors ?? _tensorCount);
        Write(file, Pairs ?? _pairCount);
        file.Write(_pairs.ToArray());
        file.Write(_tensors.ToArray());
        if (_tensorCount > 0)
            file.Write(new byte[(int)((32 - file.Length % 32) % 32)]);
        file.Write(_data.ToArray());
        file.Write(trailing);
        return file.ToArray();
    }

    private void Key(string key, uint type)
    {
        _pairCount++;
        Write(_pairs, key);
        Write(_pairs, type);
    }

    private void Write(MemoryStream to, string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        Write(to, (ulong)bytes.Length);
        to.Write(bytes);
    }

    private void Write(MemoryStream to, uint value)
    {
        Span<byte> bytes = stackalloc byte[4];
        if (bigEndian)
            BinaryPrimitives.WriteUInt32BigEndian(bytes, value);
        else
            BinaryPrimitives.WriteUInt32LittleEndian(bytes, value);
        to.Write(bytes);
    }

    private void Write(MemoryStream to, ulong value)
    {
        Span<byte> bytes = stackalloc byte[8];
        if (bigEndian)
            BinaryPrimitives.WriteUInt64BigEndian(bytes, value);
        else
            BinaryPrimitives.WriteUInt64LittleEndian(bytes, value);
        to.Write(bytes);
    }
}
