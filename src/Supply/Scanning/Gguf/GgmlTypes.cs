using Merlon.Scanning.Content;

namespace Merlon.Scanning.Gguf;

/// <summary>Element types of ggml: elements of one block and its bytes. Removed types are not known.</summary>
internal static class GgmlTypes
{
    private static readonly Dictionary<uint, (uint Elements, uint Bytes)> s_blocks = new()
    {
        [0] = (1, 4), [1] = (1, 2), [2] = (32, 18), [3] = (32, 20), [6] = (32, 22), [7] = (32, 24), [8] = (32, 34), [9] = (32, 36), [10] = (256, 84), [11] = (256, 110),
        [12] = (256, 144), [13] = (256, 176), [14] = (256, 210), [15] = (256, 292), [16] = (256, 66), [17] = (256, 74), [18] = (256, 98), [19] = (256, 50), [20] = (32, 18),
        [21] = (256, 110), [22] = (256, 82), [23] = (256, 136), [24] = (1, 1), [25] = (1, 2), [26] = (1, 4), [27] = (1, 8), [28] = (1, 8), [29] = (256, 56), [30] = (1, 2),
        [34] = (256, 54), [35] = (256, 66), [39] = (32, 17),
    };

    /// <summary>Bytes of a tensor, with checked arithmetic.</summary>
    public static ulong Size(uint type, ReadOnlySpan<ulong> shape, string name, long at)
    {
        if (!s_blocks.TryGetValue(type, out var block))
            throw new MalformedException("gguf.type", $"The tensor '{name}' has the type {type}, which is not known.", at);
        var elements = (UInt128)1;
        foreach (var dimension in shape)
        {
            elements *= dimension;
            if (elements > long.MaxValue)
                throw new MalformedException("gguf.bounds", $"The tensor '{name}' has too many elements.", at);
        }
        if ((shape.Length == 0 ? 1 : shape[0]) % block.Elements != 0)
            throw new MalformedException("gguf.malformed", $"The rows of '{name}' are no whole blocks.", at);
        return (ulong)(elements / block.Elements * block.Bytes);
    }
}
