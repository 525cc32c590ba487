namespace Merlon.Scanning.Pickle;

/// <summary>What a pickle may do with an imported name.</summary>
[Flags]
internal enum NameUse
{
    /// <summary>Stand as a value, such as a data type.</summary>
    Refer = 1,

    /// <summary>Be called (REDUCE), or be made an instance of (NEWOBJ, OBJ, INST).</summary>
    Call = 2,
}

/// <summary>A check of the arguments of one call. Null: they are as the library writes them.</summary>
internal delegate string? ArgumentCheck(PickleValue arguments);

/// <summary>One importable name that ordinary files need, and why it is harmless.</summary>
internal sealed record AllowedName(string Module, string Name, NameUse Use, string Library, string Versions, string Reason)
{
    public ArgumentCheck? Check { get; init; }

    /// <summary>Whether an instance's arguments and state decide how the file is read on.</summary>
    public bool IsKept => !IsOfPolicy && (Name is "NumpyArrayWrapper" || (Module, Name) is ("numpy", "dtype"));

    /// <summary>A policy allows it, not the built-in list: nothing is known of its class but that it may be made.</summary>
    public bool IsOfPolicy { get; init; }

    public PickleInstance AnyInstance => field ??= PickleInstance.Any(this);

    public override string ToString() => $"{Module}.{Name}";
}
