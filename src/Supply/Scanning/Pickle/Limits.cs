namespace Merlon.Scanning.Pickle;

/// <summary>All bounds of the pickle reader.</summary>
internal static class Limits
{
    /// <summary>Values on the stack, and marks.</summary>
    public const int Stack = 1 << 20;

    /// <summary>Entries of the memo. Writers number them from 0 without gaps.</summary>
    public const int Memo = 8 << 20;

    /// <summary>Characters of a text that are kept: a module or a name is never longer.</summary>
    public const int KeptText = 256;

    /// <summary>Values of a tuple that are kept: the arguments of the calls that are allowed are never more.</summary>
    public const int KeptTuple = 10;

    /// <summary>Entries of a dictionary and names of a tuple that are kept once a type was imported whose state has them: the columns of a record.</summary>
    public const int KeptFields = 1024;

    /// <summary>Dictionaries, and values of small tuples, that the memo keeps with their content.</summary>
    public const int KeptInMemo = 1 << 14;

    /// <summary>Items of a range: the largest that a model was seen to hold counts its rows.</summary>
    public const long RangeItems = 10_000_000;

    /// <summary>Bytes of a number or a name written as a line.</summary>
    public const int Line = 4096;

    /// <summary>Pickles that follow each other in one file.</summary>
    public const int Streams = 64;

    /// <summary>Findings of one file before the rest is not worth telling.</summary>
    public const int Findings = 100;
}
