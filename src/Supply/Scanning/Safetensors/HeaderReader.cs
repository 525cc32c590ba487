using System.Text.Json;
using Merlon.Scanning.Content;

namespace Merlon.Scanning.Safetensors;

/// <summary>Bytes of one tensor, counted from the end of the header.</summary>
internal readonly record struct TensorSpan(string Name, long From, long To);

/// <summary>Reads the header strictly: every key once, nothing that the format does not know, sizes with checked arithmetic.</summary>
internal ref struct HeaderReader
{
    private static readonly Dictionary<string, int> s_bits = new(StringComparer.Ordinal)
    {
        ["BOOL"] = 8, ["U8"] = 8, ["I8"] = 8, ["F8_E5M2"] = 8, ["F8_E4M3"] = 8, ["F8_E8M0"] = 8, ["I16"] = 16, ["U16"] = 16, ["F16"] = 16, ["BF16"] = 16,
        ["I32"] = 32, ["U32"] = 32, ["F32"] = 32, ["I64"] = 64, ["U64"] = 64, ["F64"] = 64, ["C64"] = 64, ["F4"] = 4, ["F6_E2M3"] = 6, ["F6_E3M2"] = 6,
    };

    private Utf8JsonReader _json;

    public HeaderReader(ReadOnlySpan<byte> header)
    {
        // Writers pad the header with spaces, which the reader skips as white space.
        _json = new Utf8JsonReader(header, new JsonReaderOptions { MaxDepth = Limits.JsonDepth });
    }

    public List<TensorSpan> Read()
    {
        try
        {
            return ReadAll();
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // The reader throws the second for text that is no UTF-8 or half a surrogate pair.
            throw new MalformedException("safetensors.header", "The header is not strict JSON.", _json.TokenStartIndex);
        }
    }

    private List<TensorSpan> ReadAll()
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        var tensors = new List<TensorSpan>();
        Expect(JsonTokenType.StartObject);
        while (NextName() is { } name)
        {
            if (!names.Add(name))
                throw Wrong("safetensors.duplicate-key", $"The name '{name}' stands twice.");
            if (name == "__metadata__")
                ReadMetadata();
            else
                tensors.Add(ReadTensor(name));
            if (tensors.Count > Limits.Tensors)
                throw Wrong("safetensors.header", $"There are more than {Limits.Tensors} tensors.");
        }
        if (_json.Read())
            throw Wrong("safetensors.header", "Something follows the header's end.");
        return tensors;
    }

    private void ReadMetadata()
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        Expect(JsonTokenType.StartObject);
        while (NextName() is { } name)
        {
            if (!names.Add(name))
                throw Wrong("safetensors.duplicate-key", $"The name '{name}' stands twice in the metadata.");
            if (!_json.Read() || _json.TokenType != JsonTokenType.String)
                throw Wrong("safetensors.metadata", $"The metadata '{name}' are not a text.");
            _ = _json.GetString();
        }
    }

    private TensorSpan ReadTensor(string name)
    {
        int? bits = null;
        List<long>? shape = null, offsets = null;
        Expect(JsonTokenType.StartObject);
        while (NextName() is { } key)
        {
            if (key == "dtype" && bits is null)
                bits = ReadType(name);
            else if (key == "shape" && shape is null)
                shape = ReadNumbers(Limits.Dimensions);
            else if (key == "data_offsets" && offsets is null)
                offsets = ReadNumbers(2);
            else
                throw Wrong(key is "dtype" or "shape" or "data_offsets" ? "safetensors.duplicate-key" : "safetensors.header", $"The tensor '{name}' has '{key}' twice, or a key that is not known.");
        }
        if (bits is null || shape is null || offsets is not [var from, var to] || from > to)
            throw Wrong("safetensors.header", $"The tensor '{name}' has no dtype, shape or data_offsets.");
        return Size(shape, bits.Value) == to - from
            ? new TensorSpan(name, from, to)
            : throw Wrong("safetensors.span", $"The tensor '{name}' has {to - from} bytes; its type and shape ask for another number.");
    }

    private int ReadType(string name)
    {
        Expect(JsonTokenType.String);
        return s_bits.TryGetValue(_json.GetString()!, out var bits) ? bits : throw Wrong("safetensors.dtype", $"The type '{_json.GetString()}' of '{name}' is not known.");
    }

    private List<long> ReadNumbers(int most)
    {
        var numbers = new List<long>();
        Expect(JsonTokenType.StartArray);
        while (_json.Read() && _json.TokenType != JsonTokenType.EndArray)
        {
            if (_json.TokenType != JsonTokenType.Number || !_json.TryGetInt64(out var number) || number < 0 || numbers.Count == most)
                throw Wrong("safetensors.header", "A shape or an offset is not a list of counts.");
            numbers.Add(number);
        }
        return numbers;
    }

    /// <summary>Bytes, or −1 when they cannot be counted.</summary>
    private static long Size(List<long> shape, int bits)
    {
        var total = (Int128)bits;
        foreach (var dimension in shape)
        {
            total *= dimension;
            if (total > long.MaxValue)
                return -1;
        }
        return total % 8 == 0 ? (long)(total / 8) : -1;
    }

    private string? NextName() => !_json.Read() ? throw Wrong("safetensors.header", "The header ends early.")
        : _json.TokenType == JsonTokenType.EndObject ? null : _json.GetString();

    private void Expect(JsonTokenType type)
    {
        if (!_json.Read() || _json.TokenType != type)
            throw Wrong("safetensors.header", $"Expected is {type}.");
    }

    private readonly MalformedException Wrong(string rule, string message) => new(rule, message, 8 + _json.TokenStartIndex);
}
