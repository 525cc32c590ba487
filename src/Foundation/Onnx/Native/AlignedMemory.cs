using System.Runtime.CompilerServices;

namespace Merlon.Onnx.Native;

/// <summary>A pinned buffer aligned as ONNX Runtime aligns its own tensors. It grows and is reused; a very large one is given up at the next small use.</summary>
internal sealed unsafe class AlignedMemory
{
    private const int Alignment = 64;
    private const int KeepAtMost = 1024 * 1024;

    private byte[] _buffer = [];

    /// <summary>Copies <paramref name="data"/> and returns its aligned address, valid until the next copy.</summary>
    public void* Copy(ReadOnlySpan<byte> data)
    {
        var needed = data.Length + Alignment;
        if (needed > _buffer.Length || (_buffer.Length > KeepAtMost && needed <= KeepAtMost))
            _buffer = GC.AllocateUninitializedArray<byte>(Math.Max(needed, 256), pinned: true);
        var start = (nint)Unsafe.AsPointer(ref _buffer[0]);
        var aligned = (start + Alignment - 1) & -Alignment;
        data.CopyTo(new Span<byte>((void*)aligned, data.Length));
        return (void*)aligned;
    }
}
