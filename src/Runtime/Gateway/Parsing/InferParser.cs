using System.Text.Json;
using Merlon.Kernel;

namespace Merlon.Gateway.Parsing;

/// <summary>
/// Reads an Open Inference Protocol v2 request and holds it to the tensor contract value by value, writing each tensor straight into the
/// worker protocol's layout. Nothing is allocated for data that the contract has not allowed. Unknown fields are skipped; a known field that
/// stands twice is refused, because two readers would disagree on which one counts.
/// </summary>
internal ref struct InferParser
{
    private readonly CompiledContract _contract;
    private readonly InferRequest _into;
    private Utf8JsonReader _reader;
    private ulong _seenInputs;

    private InferParser(ReadOnlySpan<byte> body, CompiledContract contract, InferRequest into)
    {
        _contract = contract;
        _into = into;
        _reader = new Utf8JsonReader(body, new JsonReaderOptions { MaxDepth = Limits.MaxJsonDepth });
    }

    /// <summary>Null when <paramref name="into"/> holds a request that the contract allows; otherwise the first thing that is wrong.</summary>
    public static Refusal? Parse(ReadOnlySpan<byte> body, CompiledContract contract, InferRequest into)
    {
        into.Reset(body.Length);
        var parser = new InferParser(body, contract, into);
        try
        {
            return parser.ParseRequest() ?? parser.CheckComplete();
        }
        catch (JsonException)
        {
            // A start token counts for the level around it.
            var opened = parser._reader.TokenType is JsonTokenType.StartArray or JsonTokenType.StartObject ? 1 : 0;
            return parser._reader.CurrentDepth + opened >= Limits.MaxJsonDepth
                ? Bad("json.depth", $"The body nests deeper than {Limits.MaxJsonDepth} levels at byte {parser._reader.TokenStartIndex}.")
                : Bad("json.invalid", $"The body is not valid JSON at byte {parser._reader.BytesConsumed}.");
        }
    }

    private Refusal? ParseRequest()
    {
        if (!_reader.Read() || _reader.TokenType != JsonTokenType.StartObject)
            return Bad("request.shape", "The body must be a JSON object.");
        bool seenId = false, seenInputs = false, seenOutputs = false;
        while (_reader.Read() && _reader.TokenType == JsonTokenType.PropertyName)
        {
            Refusal? refusal = null;
            if (_reader.ValueTextEquals("id"u8))
                refusal = Once(ref seenId, "id") ?? ParseId();
            else if (_reader.ValueTextEquals("inputs"u8))
                refusal = Once(ref seenInputs, "inputs") ?? ParseInputs();
            else if (_reader.ValueTextEquals("outputs"u8))
                refusal = Once(ref seenOutputs, "outputs") ?? ParseOutputs();
            else
                _reader.Skip();
            if (refusal is not null)
                return refusal;
        }
        // Reads to the end: what stands after the object is not JSON and throws.
        while (_reader.Read())
        {
        }
        return null;
    }

    private readonly Refusal? CheckComplete()
    {
        foreach (var input in _contract.Inputs)
        {
            if ((_seenInputs & (1UL << input.Index)) == 0)
                return Bad("input.missing", $"Input '{input.Name}' is missing.");
        }
        if (_into.OutputCount == 0 && !_contract.AllOutputsFitJson)
            return Bad("output.type", "An output is FP16 or BF16, which JSON cannot carry: ask for the other outputs by name.");
        return null;
    }

    private Refusal? ParseId()
    {
        _reader.Read();
        if (_reader.TokenType != JsonTokenType.String)
            return Bad("id.type", $"'id' must be a string, not {Token(_reader.TokenType)}.");
        Span<byte> id = stackalloc byte[Limits.MaxIdBytes];
        if (!TryCopyString(ref _reader, id, out var length))
            return Bad("id.size", $"'id' must be valid UTF-8 of at most {Limits.MaxIdBytes} bytes.");
        if (!IsPrintable(id[..length]))
            return Bad("id.characters", "'id' must not hold control characters.");
        _into.SetId(id[..length]);
        return null;
    }

    private Refusal? ParseInputs()
    {
        _reader.Read();
        if (_reader.TokenType != JsonTokenType.StartArray)
            return Bad("inputs.type", $"'inputs' must be an array, not {Token(_reader.TokenType)}.");
        for (var position = 0; _reader.Read() && _reader.TokenType != JsonTokenType.EndArray; position++)
        {
            if (_reader.TokenType != JsonTokenType.StartObject)
                return Bad("inputs.type", $"'inputs'[{position}] must be an object, not {Token(_reader.TokenType)}.");
            var fields = new InputFields(_contract, _into);
            if (fields.Parse(ref _reader, position, ref _seenInputs) is { } refusal)
                return refusal;
        }
        return null;
    }

    private Refusal? ParseOutputs()
    {
        _reader.Read();
        if (_reader.TokenType != JsonTokenType.StartArray)
            return Bad("outputs.type", $"'outputs' must be an array, not {Token(_reader.TokenType)}.");
        for (var position = 0; _reader.Read() && _reader.TokenType != JsonTokenType.EndArray; position++)
        {
            if (_reader.TokenType != JsonTokenType.StartObject)
                return Bad("outputs.type", $"'outputs'[{position}] must be an object, not {Token(_reader.TokenType)}.");
            if (ParseOutput(position) is { } refusal)
                return refusal;
        }
        return null;
    }

    private Refusal? ParseOutput(int position)
    {
        var seenName = false;
        var index = -1;
        while (_reader.Read() && _reader.TokenType == JsonTokenType.PropertyName)
        {
            if (!_reader.ValueTextEquals("name"u8))
            {
                _reader.Skip();
                continue;
            }
            if (Once(ref seenName, "name") is { } twice)
                return twice;
            _reader.Read();
            index = FindName(ref _reader, _contract, input: false);
            if (index < 0)
                return Bad("output.unknown", $"'outputs'[{position}] names {Show(ref _reader)}, which the model does not have.");
        }
        if (index < 0)
            return Bad("output.name", $"'outputs'[{position}] has no 'name'.");
        var output = _contract.Outputs[index];
        if (output.Type is TensorType.Fp16 or TensorType.Bf16)
            return Bad("output.type", $"Output '{output.Name}' is {output.Type.Name()}, which JSON cannot carry.");
        if (_into.Outputs.AsSpan(0, _into.OutputCount).Contains((ushort)index))
            return Bad("output.twice", $"Output '{output.Name}' is asked for twice.");
        _into.Outputs[_into.OutputCount++] = (ushort)index;
        return null;
    }

    internal static int FindName(ref Utf8JsonReader reader, CompiledContract contract, bool input)
    {
        if (reader.TokenType != JsonTokenType.String)
            return -1;
        Span<byte> name = stackalloc byte[Limits.MaxNameBytes];
        if (!TryCopyString(ref reader, name, out var length))
            return -1;
        return input ? contract.FindInput(name[..length]) : contract.FindOutput(name[..length]);
    }

    /// <summary>Unescapes a string token. False when it does not fit or is not valid Unicode.</summary>
    internal static bool TryCopyString(ref Utf8JsonReader reader, scoped Span<byte> destination, out int length)
    {
        length = 0;
        var raw = reader.ValueSpan;
        if (!reader.ValueIsEscaped)
        {
            if (raw.Length > destination.Length || !System.Text.Unicode.Utf8.IsValid(raw))
                return false;
            raw.CopyTo(destination);
            length = raw.Length;
            return true;
        }
        // An escape is at most six times as long as what it stands for.
        if (raw.Length / 6 > destination.Length)
            return false;
        var rented = System.Buffers.ArrayPool<byte>.Shared.Rent(raw.Length);
        try
        {
            var copied = reader.CopyString(rented);
            if (copied > destination.Length)
                return false;
            rented.AsSpan(0, copied).CopyTo(destination);
            length = copied;
            return true;
        }
        catch (InvalidOperationException)
        {
            // Half of a surrogate pair, or bytes that are not UTF-8.
            return false;
        }
        finally
        {
            System.Buffers.ArrayPool<byte>.Shared.Return(rented);
        }
    }

    internal static Refusal? Once(ref bool seen, string field)
    {
        if (seen)
            return Bad("json.twice", $"'{field}' stands twice in one object.");
        seen = true;
        return null;
    }

    internal static Refusal Bad(string code, string detail) => new(RefusalKind.Invalid, code, detail);

    internal static string Token(JsonTokenType type) => type switch
    {
        JsonTokenType.StartObject => "an object",
        JsonTokenType.StartArray => "an array",
        JsonTokenType.String => "a string",
        JsonTokenType.Number => "a number",
        JsonTokenType.True or JsonTokenType.False => "a boolean",
        JsonTokenType.Null => "null",
        _ => "the end",
    };

    /// <summary>The value under the reader as it may be repeated to its sender.</summary>
    internal static string Show(ref Utf8JsonReader reader)
    {
        if (reader.TokenType is JsonTokenType.StartObject or JsonTokenType.StartArray)
            return Token(reader.TokenType);
        var raw = reader.ValueSpan;
        var text = Text.Printable(System.Text.Encoding.UTF8.GetString(raw[..Math.Min(raw.Length, 4 * Limits.MaxQuoted)]), Limits.MaxQuoted);
        return reader.TokenType == JsonTokenType.String ? $"'{text}'" : text;
    }

    private static bool IsPrintable(ReadOnlySpan<byte> utf8)
    {
        while (!utf8.IsEmpty)
        {
            System.Text.Rune.DecodeFromUtf8(utf8, out var rune, out var consumed);
            if (System.Text.Rune.IsControl(rune))
                return false;
            utf8 = utf8[consumed..];
        }
        return true;
    }
}
