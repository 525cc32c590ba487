using System.Collections.Immutable;
using System.Runtime.InteropServices;
using Merlon.Kernel;
using Merlon.Onnx.Contracts;

namespace Merlon.Onnx.Native;

/// <summary>Reads a session's inputs and outputs; refuses what is not a tensor.</summary>
internal static unsafe class SessionMetadata
{
    private const int OnnxTypeTensor = 1;
    private static readonly string[] s_onnxTypes = ["unknown", "tensor", "sequence", "map", "opaque", "sparse tensor", "optional"];

    /// <exception cref="OnnxException">An input or output is not a tensor of a type that can be served; the message names it.</exception>
    public static ModelSignature Read(nint session)
    {
        var api = OrtLibrary.Instance.Api;
        return new ModelSignature(
            ReadAll("input", session, api.SessionGetInputCount, api.SessionGetInputName, api.SessionGetInputTypeInfo),
            ReadAll("output", session, api.SessionGetOutputCount, api.SessionGetOutputName, api.SessionGetOutputTypeInfo));
    }

    private static ImmutableArray<TensorSpec> ReadAll(
        string what,
        nint session,
        delegate* unmanaged<nint, nuint*, nint> getCount,
        delegate* unmanaged<nint, nuint, nint, byte**, nint> getName,
        delegate* unmanaged<nint, nuint, nint*, nint> getType)
    {
        var library = OrtLibrary.Instance;
        var api = library.Api;
        nuint count;
        api.Check(getCount(session, &count));
        var specs = ImmutableArray.CreateBuilder<TensorSpec>((int)count);
        for (nuint i = 0; i < count; i++)
        {
            byte* nameBytes;
            api.Check(getName(session, i, library.Allocator, &nameBytes));
            var name = Marshal.PtrToStringUTF8((nint)nameBytes) ?? "";
            api.Check(api.AllocatorFree(library.Allocator, nameBytes));

            nint typeInfo;
            api.Check(getType(session, i, &typeInfo));
            try
            {
                specs.Add(ReadType(what, name, typeInfo));
            }
            finally
            {
                api.ReleaseTypeInfo(typeInfo);
            }
        }
        return specs.MoveToImmutable();
    }

    private static TensorSpec ReadType(string what, string name, nint typeInfo)
    {
        var api = OrtLibrary.Instance.Api;
        int onnxType;
        api.Check(api.GetOnnxTypeFromTypeInfo(typeInfo, &onnxType));
        if (onnxType != OnnxTypeTensor)
        {
            throw new OnnxException(
                $"The model's {what} '{Text.Printable(name, 80)}' is a {s_onnxTypes[Math.Clamp(onnxType, 0, 6)]}, not a tensor. "
                + "Export the model with tensors only (for scikit-learn: with the option zipmap off).");
        }
        nint tensorInfo;
        api.Check(api.CastTypeInfoToTensorInfo(typeInfo, &tensorInfo));
        int elementType;
        api.Check(api.GetTensorElementType(tensorInfo, &elementType));
        var type = ElementTypes.FromOnnx(elementType)
            ?? throw new OnnxException($"The model's {what} '{Text.Printable(name, 80)}' has ONNX element type {elementType}, which cannot be served.");
        nuint rank;
        api.Check(api.GetDimensionsCount(tensorInfo, &rank));
        var shape = new long[rank];
        fixed (long* dimensions = shape)
            api.Check(api.GetDimensions(tensorInfo, dimensions, rank));
        return new TensorSpec(name, type, ImmutableCollectionsMarshal.AsImmutableArray(shape));
    }
}
