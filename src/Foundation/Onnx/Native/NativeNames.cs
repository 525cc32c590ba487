using System.Text;
using Merlon.Kernel;

namespace Merlon.Onnx.Native;

/// <summary>Names as NUL-terminated UTF-8 in pinned memory, with the table of pointers that the C API takes. Made once per session.</summary>
internal sealed unsafe class NativeNames
{
    // Pinned arrays and not native memory: they live exactly as long as something can still use them.
    private readonly byte[] _text;
    private readonly nint[] _table;

    public NativeNames(IReadOnlyList<TensorSpec> specs)
    {
        _text = GC.AllocateArray<byte>(specs.Sum(spec => Encoding.UTF8.GetByteCount(spec.Name) + 1), pinned: true);
        _table = GC.AllocateArray<nint>(specs.Count, pinned: true);
        var offset = 0;
        for (var i = 0; i < specs.Count; i++)
        {
            fixed (byte* text = _text)
                _table[i] = (nint)(text + offset);
            offset += Encoding.UTF8.GetBytes(specs[i].Name, _text.AsSpan(offset)) + 1;
        }
    }

    public byte** Table
    {
        get
        {
            fixed (nint* table = _table)
                return (byte**)table;
        }
    }
}
