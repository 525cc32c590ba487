using System.Collections.Immutable;
using Merlon.Kernel;

namespace Merlon.Admission.Contracts;

/// <summary>
/// What a model accepts and answers: taken from the model's own inputs and outputs, narrowed by the artifact's <c>merlon.yaml</c>, reconciled
/// at admission and enforced by the gateway while it parses. Immutable; its digest is part of the revision.
/// </summary>
public sealed record TensorContract
{
    public required ImmutableArray<InputTensor> Inputs { get; init; }
    public required ImmutableArray<OutputTensor> Outputs { get; init; }

    /// <summary>Largest first dimension of a call, where the first dimension is dynamic. At least 1.</summary>
    public int MaxBatch { get; init; } = 64;

    /// <summary>Largest request body in bytes.</summary>
    public int MaxBodyBytes { get; init; } = 4 * 1024 * 1024;
}

/// <summary>One input. Elements are row-major.</summary>
public sealed record InputTensor
{
    public required string Name { get; init; }
    public required TensorType Type { get; init; }

    /// <summary>Dimensions; −1 is dynamic. A dynamic first dimension is the batch.</summary>
    public required ImmutableArray<long> Shape { get; init; }

    /// <summary>Smallest allowed value, inclusive. Null: no bound. Numeric types only.</summary>
    public double? Minimum { get; init; }

    /// <summary>Largest allowed value, inclusive. Null: no bound. Numeric types only.</summary>
    public double? Maximum { get; init; }

    /// <summary>NaN and infinities are refused unless this is set. Floating-point types only.</summary>
    public bool AllowNonFinite { get; init; }

    /// <summary>The only allowed values of a BYTES input (UTF-8). Empty: any.</summary>
    public ImmutableArray<string> Categories { get; init; } = [];

    /// <summary>Largest length in bytes of one BYTES element.</summary>
    public int MaxElementBytes { get; init; } = 4096;

    /// <summary>Per-column bounds over the last dimension, when it is fixed. Empty: <see cref="Minimum"/> and <see cref="Maximum"/> hold for all.</summary>
    public ImmutableArray<ColumnRange> Columns { get; init; } = [];
}

/// <summary>The bounds of one column (feature) of an input, inclusive.</summary>
public sealed record ColumnRange(string Name, double? Minimum, double? Maximum);

/// <summary>One output of the model.</summary>
public sealed record OutputTensor
{
    public required string Name { get; init; }
    public required TensorType Type { get; init; }

    /// <summary>Dimensions; −1 is dynamic.</summary>
    public required ImmutableArray<long> Shape { get; init; }
}
