using System.Text.Json;
using Merlon.Kernel;

namespace Merlon.Gateway.Parsing;

/// <summary>
/// The fields of one input, in whatever order they stand. Data that stands before the fields that say how to read it is skipped and read
/// a second time at the end of the object.
/// </summary>
internal ref struct InputFields(CompiledContract contract, InferRequest into)
{
    private readonly CompiledContract _contract = contract;
    private readonly InferRequest _into = into;
    private CompiledInput? _input;
    private TensorType _type;
    private Dimensions _shape;
    private int _rank = -1;
    private bool _seenName, _seenType, _seenShape, _seenData;
    private Utf8JsonReader _dataAt;
    private bool _dataWaits;

    /// <summary>Reads from the object's start to its end.</summary>
    public Refusal? Parse(ref Utf8JsonReader reader, int position, ref ulong seenInputs)
    {
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (ParseField(ref reader, position, ref seenInputs) is { } refusal)
                return refusal;
        }
        if (!_seenName)
            return InferParser.Bad("input.name", $"'inputs'[{position}] has no 'name'.");
        var missing = !_seenType ? "datatype" : !_seenShape ? "shape" : !_seenData ? "data" : null;
        if (missing is not null)
            return InferParser.Bad("input.field", $"Input '{_input!.Name}' has no '{missing}'.");
        return _dataWaits ? ParseData(ref _dataAt) : null;
    }

    private Refusal? ParseField(ref Utf8JsonReader reader, int position, ref ulong seenInputs)
    {
        if (reader.ValueTextEquals("data"u8))
        {
            if (InferParser.Once(ref _seenData, "data") is { } twice)
                return twice;
            if (_seenName && _seenType && _seenShape)
                return ParseData(ref reader);
            _dataAt = reader;
            _dataWaits = true;
            reader.Skip();
            return null;
        }
        if (reader.ValueTextEquals("name"u8))
            return InferParser.Once(ref _seenName, "name") ?? ParseName(ref reader, position, ref seenInputs);
        if (reader.ValueTextEquals("datatype"u8))
            return InferParser.Once(ref _seenType, "datatype") ?? ParseType(ref reader, position);
        if (reader.ValueTextEquals("shape"u8))
            return InferParser.Once(ref _seenShape, "shape") ?? ParseShape(ref reader, position);
        reader.Skip();
        return null;
    }

    private Refusal? ParseName(ref Utf8JsonReader reader, int position, ref ulong seenInputs)
    {
        reader.Read();
        var index = InferParser.FindName(ref reader, _contract, input: true);
        if (index < 0)
            return InferParser.Bad("input.unknown", $"'inputs'[{position}] names {InferParser.Show(ref reader)}, which the model does not have.");
        _input = _contract.Inputs[index];
        if ((seenInputs & (1UL << index)) != 0)
            return InferParser.Bad("input.twice", $"Input '{_input.Name}' stands twice.");
        seenInputs |= 1UL << index;
        return CheckType() ?? CheckShape();
    }

    private Refusal? ParseType(ref Utf8JsonReader reader, int position)
    {
        reader.Read();
        if (reader.TokenType != JsonTokenType.String || reader.ValueIsEscaped || !TensorTypes.TryParse(reader.ValueSpan, out _type))
            return InferParser.Bad("input.datatype", $"'inputs'[{position}] has the datatype {InferParser.Show(ref reader)}, which the protocol does not have.");
        return CheckType();
    }

    private readonly Refusal? CheckType()
    {
        if (_input is null || !_seenType)
            return null;
        if (_type is TensorType.Fp16 or TensorType.Bf16)
            return InferParser.Bad("input.datatype", $"Input '{_input.Name}' is {_type.Name()}, which JSON cannot carry.");
        return _type == _input.Type
            ? null
            : InferParser.Bad("input.datatype", $"Input '{_input.Name}' must be {_input.Type.Name()}, not {_type.Name()}.");
    }

    private Refusal? ParseShape(ref Utf8JsonReader reader, int position)
    {
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartArray)
            return InferParser.Bad("input.shape", $"'inputs'[{position}].shape must be an array, not {InferParser.Token(reader.TokenType)}.");
        var rank = 0;
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (rank == Limits.MaxRank)
                return InferParser.Bad("input.shape", $"'inputs'[{position}].shape has more than {Limits.MaxRank} dimensions.");
            if (reader.TokenType != JsonTokenType.Number || !reader.TryGetInt64(out var dimension) || dimension is < 1 or > Limits.MaxDimension)
            {
                return InferParser.Bad("input.shape",
                    $"'inputs'[{position}].shape[{rank}] must be a whole number from 1 to {Limits.MaxDimension}, not {InferParser.Show(ref reader)}.");
            }
            _shape[rank++] = dimension;
        }
        _rank = rank;
        return CheckShape();
    }

    private readonly Refusal? CheckShape()
    {
        if (_input is null || _rank < 0)
            return null;
        if (_rank != _input.Shape.Length)
            return InferParser.Bad("input.shape", $"Input '{_input.Name}' must have {_input.Shape.Length} dimensions, not {_rank}.");
        for (var axis = 0; axis < _rank; axis++)
        {
            var expected = _input.Shape[axis];
            if (expected != -1 && expected != _shape[axis])
                return InferParser.Bad("input.shape", $"Input '{_input.Name}' must have {expected} in dimension {axis}, not {_shape[axis]}.");
        }
        if (!_input.IsBatched)
            return null;
        if (_shape[0] > _contract.MaxBatch)
            return InferParser.Bad("input.batch", $"Input '{_input.Name}' has a batch of {_shape[0]}; at most {_contract.MaxBatch} are allowed.");
        if (_into.Batch >= 0 && _into.Batch != _shape[0])
            return InferParser.Bad("input.batch", $"Input '{_input.Name}' has a batch of {_shape[0]}, but the inputs before it have {_into.Batch}.");
        _into.Batch = _shape[0];
        return null;
    }

    /// <summary>INVARIANT: name, datatype and shape have been held to the contract before the first value is read.</summary>
    private readonly Refusal? ParseData(ref Utf8JsonReader reader) => ValueReader.Read(ref reader, _input!, _shape[.._rank], _into);
}
