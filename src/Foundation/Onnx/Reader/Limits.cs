namespace Merlon.Onnx.Reader;

/// <summary>All bounds of the ONNX reader. A model over one of them is refused, with the bound in the message.</summary>
internal static class Limits
{
    /// <summary>Largest model file: what a protobuf message can hold. Larger models keep their weights in external data.</summary>
    public const long ModelBytes = int.MaxValue;

    /// <summary>Messages inside one another. A subgraph costs four (graph, node, attribute, graph).</summary>
    public const int Depth = 64;

    /// <summary>Fields in the whole file: bounds the time.</summary>
    public const long Fields = 100_000_000;

    /// <summary>Longest name, type or key, in bytes.</summary>
    public const int Name = 4096;

    /// <summary>Longest metadata value that is kept, in bytes; longer ones are cut.</summary>
    public const int MetadataValue = 1024;
    public const int MetadataEntries = 1024;
    public const int Opsets = 64;
    public const int InputsAndOutputs = 1024;
    public const int Rank = 64;
    public const long Nodes = 1_000_000;
    public const int Initializers = 500_000;
    public const int Functions = 10_000;

    /// <summary>Different operators.</summary>
    public const int Operators = 4096;
    public const int ExternalData = 100_000;

    /// <summary>Oddities of one kind that are told apart; the rest are the same story.</summary>
    public const int Oddities = 100;
}
