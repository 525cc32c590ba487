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

    /// <summary>What joblib writes of a wrapper. Any other key would become an attribute, and one called like a method is called in its place.</summary>
    private static readonly string[] s_keys = ["subclass", "shape", "order", "dtype", "allow_mmap", "numpy_array_alignment_bytes"];

    private readonly HashSet<PickleInstance> _read = new(ReferenceEqualityComparer.Instance);

    /// <summary>
    /// INVARIANT: whatever would make joblib read another number of bytes than this does is refused: what stands behind them would be run unseen.
    /// </summary>
    public void Read(PickleMachine machine, PickleInstance wrapper)
    {
        if (wrapper.Type is not { IsKept: true, Name: "NumpyArrayWrapper" })
            return;
        RequireAsWritten(machine, wrapper, out var state);
        var reader = machine.Reader;
        var (bytes, objects) = Size(state);
        if (objects)
        {
            // joblib reads it with the plain unpickler. Any other reader goes on with its own memo, so nothing may depend on how that is numbered.
            new PickleMachine(reader, scan.Findings, location, new PickleSurroundings { Names = scan.Names }) { IsInArray = true }.Run();
            return;
        }
        if (HasPadding(state))
        {
            // To a reader other than joblib the operations go on at the padding already.
            JudgeAsOperations(machine, bytes + 1);
            reader.Skip(reader.ReadByte());
        }
        JudgeAsOperations(machine, bytes);
        reader.Skip(bytes);
    }

    private void RequireAsWritten(PickleMachine machine, PickleInstance wrapper, out PickleDictionary state)
    {
        if (wrapper.Arguments.Items is not [] || !_read.Add(wrapper))
            throw new PickleFormatException("joblib.array", "An array wrapper is made with arguments, or given its state twice: parts of another state would count.");
        if (machine.IsInFrame)
            throw new PickleFormatException("joblib.array", "An array stands in the middle of a frame.");
        state = wrapper.State.Content as PickleDictionary ?? throw new PickleFormatException("joblib.array", "An array wrapper has no state.");
        if (!state.IsWhole || state.ToLookup().Keys.Any(key => !s_keys.Contains(key, StringComparer.Ordinal)))
            throw new PickleFormatException("joblib.array", "An array wrapper has fields that joblib does not write.");
    }

    private static bool HasPadding(PickleDictionary state) => state.Find("numpy_array_alignment_bytes") switch
    {
        null or { IsNone: true } => false,
        { Number: not null } => true,
        // To joblib whatever is not None is a number.
        _ => throw new PickleFormatException("joblib.array", "The alignment of an array is no number."),
    };

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

    /// <summary>numpy.dtype(text, align, copy), with or without a state.</summary>
    private static (ulong Bytes, bool Objects) ItemBytes(PickleInstance type)
    {
        var text = type.Arguments.Items is [{ Text: { } name }, ..] ? name : throw new PickleFormatException("joblib.array", "The type of an array is not understood.");
        if (type.State.Kind != PickleKind.Absent)
        {
            // Judged when it was built; a state that was refused, or is not kept, says nothing of what NumPy makes of it.
            return type.Dtype is { } known ? ((ulong)known.Bytes, known.HasObjects) : throw new PickleFormatException("joblib.array", "The type of an array has a state that is not understood.");
        }
        if (text.StartsWith('O'))
            return (8, true);
        return text is "M8" or "m8" ? (8, false) : ((ulong)Numpy.ArrayHeader.ElementType(text, 0).Bytes, false);
    }
}
