namespace Merlon.Scanning.Pickle;

/// <summary>Calls that are harmless only with the arguments that writers give them.</summary>
internal static class ArgumentChecks
{
    public static ArgumentCheck? For(string module, string name) => (module, name) switch
    {
        ("_codecs", "encode") => Encode,
        ("copyreg" or "copy_reg", "_reconstructor") => Reconstructor,
        ("copyreg", "__newobj__" or "__newobj_ex__") => NewObject,
        ("collections", "defaultdict") => DefaultDictionary,
        (_, "__randomstate_ctor" or "__generator_ctor") => RandomState,
        ("torch._tensor", "_rebuild_from_type_v2") => RebuildFromType,
        _ => MemoryChecks.For(module, name) ?? NumpyChecks.For(module, name),
    };

    /// <summary>Bytes in protocols 0 to 2: encode(text, 'latin1'). Other codecs can decompress or transform.</summary>
    private static string? Encode(PickleValue arguments) =>
        arguments.Items is [{ Kind: PickleKind.Text }, { Text: "latin1" or "latin-1" }] or [{ Kind: PickleKind.Text }, { Text: "ascii" or "utf-8" }]
            ? null
            : "its arguments are not a text and the codec latin1";

    /// <summary>_reconstructor(class, base, state) calls base.__new__ and base.__init__.</summary>
    private static string? Reconstructor(PickleValue arguments) =>
        arguments.Items is [{ Name: { } type }, { Name: { Module: "builtins" or "__builtin__" } or { Library: "numpy" } }, _] && (type.Use & NameUse.Call) != 0
            && !type.IsKept && !IsNumpyMemory(type) && !IsNumpyMemory(arguments.Items[1].Name!) && PlainBase(arguments.Items[1].Name!, arguments.Items[2])
            ? null
            : "its class is not one that may be made";

    /// <summary>A base that takes memory by a number is given none.</summary>
    private static bool PlainBase(AllowedName origin, in PickleValue state) =>
        origin.Name == "object" || origin.Check?.Invoke(new PickleValue(PickleKind.Tuple, new[] { state })) is null;

    private static bool IsNumpyMemory(AllowedName type) => type.Library == "numpy" && type.Name is "dtype" or "StringDType" or "ndarray" or "recarray" or "matrix" or "MaskedArray";

    private static string? NewObject(PickleValue arguments) =>
        arguments.Items is [{ Name: { } type }, ..] && (type.Use & NameUse.Call) != 0 ? null : "its class is not one that may be made";

    /// <summary>__randomstate_ctor(generator, constructor) calls its second argument.</summary>
    private static string? RandomState(PickleValue arguments) =>
        arguments.Items is [] or [_] or [_, { Name.Name: "__bit_generator_ctor" }] ? null : "its constructor is not NumPy's";

    /// <summary>_rebuild_from_type_v2(function, type, arguments, state) calls the function with the arguments.</summary>
    private static string? RebuildFromType(PickleValue arguments) =>
        arguments.Items is [{ Name: { Module: "torch._utils" } function }, { Name.Library: "torch" }, { Kind: PickleKind.Tuple }, _] && (function.Use & NameUse.Call) != 0
            ? null
            : "its function is not one that rebuilds a tensor";

    /// <summary>A defaultdict calls its factory for each key that is missing.</summary>
    private static string? DefaultDictionary(PickleValue arguments) =>
        arguments.Items is [] or [{ Kind: PickleKind.Atom or PickleKind.Global }] ? null : "its factory is not a plain type";
}
