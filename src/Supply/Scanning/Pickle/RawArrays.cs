using Merlon.Kernel;
using Merlon.Scanning.Content;

namespace Merlon.Scanning.Pickle;

/// <summary>
/// joblib writes arrays raw into the stream, behind the state of a wrapper that says how long they are, and its reader passes over them. Source: joblib,
/// numpy_pickle.py. A reader that is not joblib takes the same bytes for operations: both readings are judged.
/// </summary>
internal sealed class RawArrays(ContentScan scan, string location)
{
    /// <summary>Bytes from an array's begin that are judged as operations. Real numbers end such a reading after a few.</summary>
    private const int JudgedBytes = 64 * 1024;

    public void Read(PickleMachine machine, PickleInstance wrapper)
    {
        if (wrapper.Type.Name != "NumpyArrayWrapper")
            return;
        var reader = machine.Reader;
        var state = wrapper.State.Content as PickleDictionary ?? throw new PickleFormatException("joblib.array", "An array wrapper has no state.");
        var (bytes, objects) = Size(state);
        if (objects)
        {
            // joblib reads it with the plain unpickler.
            new PickleMachine(reader, scan.Findings, location, new PickleSurroundings { Names = scan.Names }).Run();
            return;
        }
        if (state.Find("numpy_array_alignment_bytes") is { Number: not null })
            reader.Skip(reader.ReadByte());
        JudgeAsOperations(machine, bytes);
        reader.Skip(bytes);
    }

    private void JudgeAsOperations(PickleMachine machine, ulong bytes)
    {
        if (bytes == 0)
            return;
        var at = machine.Reader.Position;
        var window = machine.Reader.Peek(JudgedBytes);
        var (found, goesOn) = machine.Try(window);
        var import = found.ToImmutable().FirstOrDefault(f => f.Severity == Verdict.Block);
        if (import is not null || (goesOn && window.Length == JudgedBytes))
            scan.Findings.Block("joblib.two-readings", $"The bytes of an array are a pickle of their own to a reader other than joblib. {import?.Message}", $"{location}@{at}",
                "Do not load it. Write the file again with joblib.");
    }

    private static (ulong Bytes, bool Objects) Size(PickleDictionary state)
    {
        if (state.Find("shape")?.Items is not { } shape || state.Find("dtype")?.Content is not PickleInstance { Type: { Module: "numpy", Name: "dtype" } } type)
            throw new PickleFormatException("joblib.array", "An array wrapper has no shape or no type that is understood.");
        var (item, objects) = ItemBytes(type);
        ulong bytes = item;
        foreach (var dimension in shape)
        {
            if (dimension.Number is not (>= 0 and var length) || (length > 0 && bytes > long.MaxValue / (ulong)length))
                throw new PickleFormatException("joblib.array", "The shape of an array is not understood.");
            bytes *= (ulong)length;
        }
        return (bytes, objects);
    }

    /// <summary>numpy.dtype(text, align, copy) with the state (version, order, subtype, names, fields, size, alignment, flags); flag 1 means objects.</summary>
    private static (ulong Bytes, bool Objects) ItemBytes(PickleInstance type)
    {
        var text = type.Arguments.Items is [{ Text: { } name }, ..] ? name : throw new PickleFormatException("joblib.array", "The type of an array is not understood.");
        var fields = type.State.Items is [_, _, _, { Kind: PickleKind.Tuple }, ..];
        var flags = type.State.Items is [_, _, _, _, _, _, _, { Number: { } number }, ..] ? number : 0;
        if (text.StartsWith('O') || (flags & 1) != 0)
            return (8, true);
        // A date's text has its unit in the state; a record's text has its size.
        return text is "M8" or "m8" ? (8, false)
            : fields && text[0] != 'V' ? throw new PickleFormatException("joblib.array", "The type of an array is not understood.")
            : ((ulong)Numpy.ArrayHeader.ElementType(text, 0).Bytes, false);
    }
}
