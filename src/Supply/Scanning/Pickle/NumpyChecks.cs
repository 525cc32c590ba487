namespace Merlon.Scanning.Pickle;

/// <summary>NumPy's constructors take memory as it is; its rebuilders are harmless as NumPy calls them.</summary>
internal static class NumpyChecks
{
    public static ArgumentCheck? For(string module, string name) => (module, name) switch
    {
        ("numpy.core.multiarray" or "numpy._core.multiarray", "scalar") => Scalar,
        ("numpy.core.multiarray" or "numpy._core.multiarray", "_reconstruct") => Reconstruct,
        ("numpy.ma.core", "_mareconstruct") => MaskedReconstruct,
        // ndarray(shape, 'O', bytes) takes the bytes for pointers.
        (_, "ndarray" or "recarray" or "matrix" or "MaskedArray") when module.StartsWith("numpy", StringComparison.Ordinal) => Never,
        _ => null,
    };

    private static string? Never(PickleValue arguments) => "arrays are made by NumPy's own rebuilders";

    /// <summary>scalar(type, bytes). A record with objects would be copied from another array, pointers and all.</summary>
    private static string? Scalar(PickleValue arguments) =>
        arguments.Items is [{ Content: PickleInstance { Dtype: { HasObjects: false } } }, { Kind: PickleKind.Bytes or PickleKind.Text }
            or { Content: PickleInstance { Type: { Module: "_codecs", Name: "encode" } } }]
            ? null
            : "it is not given a type without objects and the bytes of one element";

    /// <summary>_reconstruct(class, (0,), b'b') makes an empty array; BUILD fills it.</summary>
    private static string? Reconstruct(PickleValue arguments) =>
        arguments.Items is [{ Name.Library: not null }, { Items: [{ Number: 0 }] }, { Kind: PickleKind.Bytes or PickleKind.Text or PickleKind.Instance }] ? null : "the array is not empty at first";

    private static string? MaskedReconstruct(PickleValue arguments) =>
        arguments.Items is [{ Name: not null }, { Name: not null }, { Items: [{ Number: 0 }] }, { Kind: PickleKind.Bytes or PickleKind.Text or PickleKind.Instance }] ? null : "the array is not empty at first";
}
