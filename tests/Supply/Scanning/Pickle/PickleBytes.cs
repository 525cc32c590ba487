using System.Buffers.Binary;
using System.Text;

namespace Merlon.Scanning.Tests.Pickle;

/// <summary>Writes pickles by their operations.</summary>
internal static class PickleBytes
{
    public static byte[] Join(params object[] parts) => [.. parts.SelectMany(p => p switch
    {
        byte[] bytes => bytes,
        string text => Encoding.Latin1.GetBytes(text),
        int value => [(byte)value],
        _ => throw new ArgumentException("bytes, text or a byte", nameof(parts)),
    })];

    public static byte[] Proto(int version = 4) => [0x80, (byte)version];
    public static byte[] Global(string module, string name) => Join($"c{module}\n{name}\n");
    public static byte[] Short(string text) => Join(0x8c, text.Length, text);
    public static byte[] StackGlobal(string module, string name) => Join(Short(module), Short(name), 0x93);
    public static byte[] Frame(int length)
    {
        var bytes = new byte[9];
        bytes[0] = 0x95;
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(1), length);
        return bytes;
    }

    /// <summary>A whole pickle of protocol 4 without frames.</summary>
    public static byte[] Whole(params object[] parts) => Join(Proto(), Join(parts), ".");
}
