using Merlon.Kernel;
using Merlon.Onnx.Native;

namespace Merlon.Onnx.Contracts;

/// <summary>One output of a call, in the runtime's memory: valid until the call is reset, run again or disposed.</summary>
public readonly unsafe ref struct OnnxTensor
{
    private readonly nint _value;

    internal OnnxTensor(nint value, int index, TensorType type, ReadOnlySpan<long> shape, long elements, ReadOnlySpan<byte> data)
    {
        _value = value;
        Index = index;
        Type = type;
        Shape = shape;
        ElementCount = elements;
        Data = data;
    }

    /// <summary>Position in the model's list of outputs.</summary>
    public int Index { get; }
    public TensorType Type { get; }
    public ReadOnlySpan<long> Shape { get; }
    public long ElementCount { get; }

    /// <summary>Row-major elements; empty for BYTES, whose elements are read by <see cref="CopyElement"/>.</summary>
    public ReadOnlySpan<byte> Data { get; }

    /// <summary>Length in bytes of one BYTES element.</summary>
    public int ElementLength(long element)
    {
        var api = OrtLibrary.Instance.Api;
        nuint length;
        api.Check(api.GetStringTensorElementLength(_value, (nuint)element, &length));
        return checked((int)length);
    }

    /// <summary>Copies one BYTES element to <paramref name="destination"/>, which has exactly <see cref="ElementLength"/> bytes.</summary>
    public void CopyElement(long element, Span<byte> destination)
    {
        var api = OrtLibrary.Instance.Api;
        fixed (byte* to = destination)
            api.Check(api.GetStringTensorElement(_value, (nuint)destination.Length, (nuint)element, to));
    }
}
