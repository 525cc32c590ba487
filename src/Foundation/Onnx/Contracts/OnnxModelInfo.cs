namespace Merlon.Onnx.Contracts;

/// <summary>What a ModelProto says of itself, read without loading weights. Everything in it is untrusted text and numbers.</summary>
public sealed record OnnxModelInfo
{
    public required long IrVersion { get; init; }
    public required string Producer { get; init; }
    public required IReadOnlyList<OnnxOpset> Opsets { get; init; }
    public required IReadOnlyList<OnnxValue> Inputs { get; init; }
    public required IReadOnlyList<OnnxValue> Outputs { get; init; }

    /// <summary>Every kind of operator used, in the graph, its subgraphs and the model's own functions.</summary>
    public required IReadOnlyList<OnnxOperator> Operators { get; init; }

    /// <summary>Functions that the model defines itself, which its nodes may use as operators.</summary>
    public required IReadOnlyList<OnnxFunction> Functions { get; init; }
    public required IReadOnlyList<OnnxExternalData> ExternalData { get; init; }
    public required IReadOnlyList<KeyValuePair<string, string>> Metadata { get; init; }

    /// <summary>Names that stand twice where each must be the only one.</summary>
    public required IReadOnlyList<OnnxOddity> Duplicates { get; init; }

    /// <summary>Constructs that Merlon does not serve: training graphs, sparse or segmented tensors, tensors whose data and shape disagree.</summary>
    public required IReadOnlyList<OnnxOddity> Unsupported { get; init; }
    public required long Nodes { get; init; }
    public required long Initializers { get; init; }

    /// <summary>Elements of all initialisers.</summary>
    public required long Parameters { get; init; }
}

public sealed record OnnxOpset(string Domain, long Version);

/// <param name="Kind">tensor, sequence, map, sparse tensor, optional, opaque or none.</param>
/// <param name="ElementType">TensorProto.DataType of a tensor; 0 otherwise.</param>
/// <param name="Shape">−1 is dynamic; null: the model does not say.</param>
public sealed record OnnxValue(string Name, string Kind, int ElementType, IReadOnlyList<long>? Shape);

public sealed record OnnxOperator(string Domain, string Type, long Count, long FirstOffset);

public sealed record OnnxFunction(string Domain, string Name);

/// <param name="Offset">Null: 0.</param>
/// <param name="Length">Null: to the end of the file.</param>
/// <param name="Bytes">What type and shape ask for; null when that cannot be told.</param>
/// <param name="UnknownKeys">Keys beside location, offset, length and checksum.</param>
/// <param name="At">Byte of the model file.</param>
public sealed record OnnxExternalData(string Tensor, string? Location, string? Offset, string? Length, long? Bytes, IReadOnlyList<string> UnknownKeys, long At);

/// <param name="At">Byte of the model file.</param>
public sealed record OnnxOddity(string What, long At);

/// <summary>The bytes are not an ONNX model that was fully understood.</summary>
/// <param name="offset">Byte of the file at which it went wrong.</param>
public sealed class OnnxFormatException(string message, long offset) : IOException(message)
{
    public long Offset { get; } = offset;
}
