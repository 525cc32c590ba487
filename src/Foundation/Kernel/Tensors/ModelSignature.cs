using System.Collections.Immutable;
using System.Text.Json.Serialization;

namespace Merlon.Kernel;

/// <summary>One input or output of a model.</summary>
/// <param name="Name">The model's own name for it; untrusted text.</param>
/// <param name="Shape">Dimensions, row-major; −1 is dynamic. Empty: a scalar.</param>
public sealed record TensorSpec(
    string Name,
    [property: JsonConverter(typeof(TensorTypeJsonConverter))] TensorType Type,
    ImmutableArray<long> Shape)
{
    public bool Equals(TensorSpec? other) =>
        other is not null && Name == other.Name && Type == other.Type && Shape.AsSpan().SequenceEqual(other.Shape.AsSpan());

    public override int GetHashCode() => HashCode.Combine(Name, Type, Shape.Length);
}

/// <summary>What a model takes and gives, in the model's own order: the position in the list is the index on the worker protocol.</summary>
public sealed record ModelSignature(ImmutableArray<TensorSpec> Inputs, ImmutableArray<TensorSpec> Outputs)
{
    public static readonly ModelSignature Empty = new([], []);

    public bool Equals(ModelSignature? other) =>
        other is not null && Inputs.AsSpan().SequenceEqual(other.Inputs.AsSpan()) && Outputs.AsSpan().SequenceEqual(other.Outputs.AsSpan());

    public override int GetHashCode() => HashCode.Combine(Inputs.Length, Outputs.Length);
}

/// <summary>The signature's one JSON form: camel case, types by their protocol names in upper case (<c>FP32</c>).</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(ModelSignature))]
public sealed partial class ModelSignatureJson : JsonSerializerContext;
