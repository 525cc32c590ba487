namespace Merlon.Scanning.Numpy;

/// <summary>All bounds of the reader of NumPy files.</summary>
internal static class Limits
{
    /// <summary>Bytes of a header. NumPy itself refuses more than 10,000 unless told otherwise.</summary>
    public const int Header = 10_000;

    public const int Dimensions = 64;

    /// <summary>Nesting in a header: a record type inside a record type.</summary>
    public const int Depth = 8;
}
