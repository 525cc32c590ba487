using System.Buffers.Binary;
using System.Numerics;
using System.Text.Json;
using Merlon.Kernel;
using Merlon.Sandbox.Contracts;

namespace Merlon.Gateway.Parsing;

/// <summary>Reads the values of one input into the worker's layout, each held to the contract's type, bounds and categories. Nothing is coerced.</summary>
internal struct ValueReader
{
    private readonly CompiledInput _input;
    private readonly TensorWriter _writer;
    private readonly int _columns;
    private DataWalk _walk;
    private int _column;

    private ValueReader(CompiledInput input, TensorWriter writer, scoped ReadOnlySpan<long> shape, long elements)
    {
        _input = input;
        _writer = writer;
        _columns = input.Floating.Columns;
        _walk = new DataWalk(input.Name, shape, elements);
    }

    /// <summary>Reads from the property name <c>data</c> to the end of its value.</summary>
    public static Refusal? Read(ref Utf8JsonReader reader, CompiledInput input, scoped ReadOnlySpan<long> shape, InferRequest into)
    {
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartArray)
            return InferParser.Bad("data.type", $"Input '{input.Name}': 'data' must be an array, not {InferParser.Token(reader.TokenType)}.");
        if (CountElements(input, shape, into, out var elements) is { } refusal)
            return refusal;
        into.Tensors.BeginTensor(input.Index, input.Type, shape);
        var values = new ValueReader(input, into.Tensors, shape, elements);
        var bad = input.Type == TensorType.Bytes ? values.ReadTexts(ref reader) : values.ReadNumbers(ref reader, elements);
        if (bad is null)
            into.Tensors.EndTensor();
        return bad;
    }

    /// <summary>The shape's product, before anything is allocated for it.</summary>
    private static Refusal? CountElements(CompiledInput input, ReadOnlySpan<long> shape, InferRequest into, out long elements)
    {
        var size = Math.Max(input.Type.ElementSize(), sizeof(uint));
        UInt128 product = 1;
        elements = 0;
        foreach (var dimension in shape)
        {
            // Checked after each factor: eight dimensions of 2^31 would overflow even 128 bits.
            product *= (UInt128)dimension;
            if (product * (UInt128)size > Limits.MaxTensorBytes)
                return InferParser.Bad("data.size", $"Input '{input.Name}' has a shape that asks for more than {Limits.MaxTensorBytes} bytes.");
        }
        elements = (long)product;
        // A value and its separator are two bytes of JSON: a body cannot announce more than it can hold.
        return elements <= into.BodyLength / 2 + 1
            ? null
            : InferParser.Bad("data.count", $"Input '{input.Name}' has a shape of {elements} values, more than the body can hold.");
    }

    private Refusal? ReadNumbers(ref Utf8JsonReader reader, long elements)
    {
        var size = _input.Type.ElementSize();
        var data = _writer.GetSpan((int)elements * size)[..((int)elements * size)];
        while (_walk.MoveNext(ref reader))
        {
            var slot = data.Slice((int)_walk.Count * size, size);
            if (!Store(ref reader, slot))
                return Mismatch(ref reader);
            if (++_column == _columns)
                _column = 0;
        }
        if (_walk.Refusal is null)
            _writer.Advance(data.Length);
        return _walk.Refusal;
    }

    private readonly bool Store(ref Utf8JsonReader reader, Span<byte> slot) => _input.Type switch
    {
        TensorType.Fp32 => StoreSingle(ref reader, slot),
        TensorType.Fp64 => StoreDouble(ref reader, slot),
        TensorType.Int64 => StoreSigned<long>(ref reader, slot),
        TensorType.Int32 => StoreSigned<int>(ref reader, slot),
        TensorType.Int16 => StoreSigned<short>(ref reader, slot),
        TensorType.Int8 => StoreSigned<sbyte>(ref reader, slot),
        TensorType.UInt64 => StoreUnsigned<ulong>(ref reader, slot),
        TensorType.UInt32 => StoreUnsigned<uint>(ref reader, slot),
        TensorType.UInt16 => StoreUnsigned<ushort>(ref reader, slot),
        TensorType.UInt8 => StoreUnsigned<byte>(ref reader, slot),
        TensorType.Bool => StoreBool(ref reader, slot),
        _ => throw new InvalidOperationException("The type was refused before."),
    };

    private readonly bool StoreSingle(ref Utf8JsonReader reader, Span<byte> slot)
    {
        if (!TryFloating(ref reader, out var wide))
            return false;
        var narrow = double.IsFinite(wide) ? Number.ToSingle(reader.ValueSpan, wide) : (float)wide;
        BinaryPrimitives.WriteSingleLittleEndian(slot, narrow);
        return float.IsFinite(narrow) || !double.IsFinite(wide);
    }

    private readonly bool StoreDouble(ref Utf8JsonReader reader, Span<byte> slot)
    {
        if (!TryFloating(ref reader, out var value))
            return false;
        BinaryPrimitives.WriteDoubleLittleEndian(slot, value);
        return true;
    }

    private readonly bool TryFloating(ref Utf8JsonReader reader, out double value)
    {
        value = 0;
        if (reader.TokenType == JsonTokenType.Number)
        {
            value = Number.ToDouble(reader.ValueSpan);
            // Beyond the largest double: the caller did not mean infinity.
            if (double.IsInfinity(value))
                return false;
        }
        else if (!_input.AllowNonFinite || !TryNonFinite(ref reader, out value))
        {
            return false;
        }
        return !_input.HasBounds || !(value < _input.Floating.Minimum[_column] || value > _input.Floating.Maximum[_column]);
    }

    private static bool TryNonFinite(ref Utf8JsonReader reader, out double value)
    {
        value = double.NaN;
        if (reader.TokenType != JsonTokenType.String)
            return false;
        if (reader.ValueTextEquals("NaN"u8))
            return true;
        value = reader.ValueTextEquals("Infinity"u8) ? double.PositiveInfinity : double.NegativeInfinity;
        return double.IsPositiveInfinity(value) || reader.ValueTextEquals("-Infinity"u8);
    }

    private readonly bool StoreSigned<T>(ref Utf8JsonReader reader, Span<byte> slot) where T : struct, IBinaryInteger<T>, IMinMaxValue<T>
    {
        if (reader.TokenType != JsonTokenType.Number || !reader.TryGetInt64(out var value))
            return false;
        if (value < long.CreateTruncating(T.MinValue) || value > long.CreateTruncating(T.MaxValue))
            return false;
        T.CreateTruncating(value).WriteLittleEndian(slot);
        return !_input.HasBounds || (value >= _input.Signed.Minimum[_column] && value <= _input.Signed.Maximum[_column]);
    }

    private readonly bool StoreUnsigned<T>(ref Utf8JsonReader reader, Span<byte> slot) where T : struct, IBinaryInteger<T>, IMinMaxValue<T>
    {
        if (reader.TokenType != JsonTokenType.Number || !reader.TryGetUInt64(out var value) || value > ulong.CreateTruncating(T.MaxValue))
            return false;
        T.CreateTruncating(value).WriteLittleEndian(slot);
        return !_input.HasBounds || (value >= _input.Unsigned.Minimum[_column] && value <= _input.Unsigned.Maximum[_column]);
    }

    private static bool StoreBool(ref Utf8JsonReader reader, Span<byte> slot)
    {
        slot[0] = reader.TokenType == JsonTokenType.True ? (byte)1 : (byte)0;
        return reader.TokenType is JsonTokenType.True or JsonTokenType.False;
    }

    private Refusal? ReadTexts(ref Utf8JsonReader reader)
    {
        var room = Math.Max(_input.MaxElementBytes, 1);
        while (_walk.MoveNext(ref reader))
        {
            if (reader.TokenType != JsonTokenType.String)
                return Mismatch(ref reader);
            // The element's length stands before its bytes; the unescaped text is never longer than the raw one.
            var most = Math.Min(room, Math.Max(reader.ValueSpan.Length, 1));
            var slot = _writer.GetSpan(sizeof(uint) + most);
            if (!InferParser.TryCopyString(ref reader, slot.Slice(sizeof(uint), most), out var length) || length > _input.MaxElementBytes)
                return At("data.element", $"expected valid text of at most {_input.MaxElementBytes} bytes");
            if (_input.HasCategories && !_input.IsCategory(slot.Slice(sizeof(uint), length)))
                return At("data.category", $"found {InferParser.Show(ref reader)}, which is not one of the allowed values");
            BinaryPrimitives.WriteUInt32LittleEndian(slot, (uint)length);
            _writer.Advance(sizeof(uint) + length);
        }
        return _walk.Refusal;
    }

    /// <summary>Says what was expected and found, after a value was refused. Off the hot path.</summary>
    private readonly Refusal Mismatch(ref Utf8JsonReader reader)
    {
        var found = InferParser.Show(ref reader);
        if (!_input.HasBounds || reader.TokenType != JsonTokenType.Number || !Number.IsWithinType(reader.ValueSpan, _input.Type))
            return At("data.value", $"expected {Expected(_input)}, found {found}");
        return At("data.range", $"expected {Range(_input, _column)}, found {found}");
    }

    private static string Range(CompiledInput input, int column)
    {
        var (low, high) = (input.Floating.Minimum[column], input.Floating.Maximum[column]);
        var limits = double.IsInfinity(low) ? $"at most {high:R}" : double.IsInfinity(high) ? $"at least {low:R}" : $"{low:R} to {high:R}";
        return input.ColumnNames.Length > 0 ? $"{limits} in column '{Text.Printable(input.ColumnNames[column], Limits.MaxQuoted)}'" : limits;
    }

    private static string Expected(CompiledInput input) => input.Type switch
    {
        TensorType.Bool => "true or false",
        TensorType.Bytes => "a string",
        TensorType.Fp32 or TensorType.Fp64 => input.AllowNonFinite
            ? $"a number within {input.Type.Name()}, \"NaN\", \"Infinity\" or \"-Infinity\""
            : $"a finite number within {input.Type.Name()}",
        _ => $"a whole number within {input.Type.Name()}",
    };

    private readonly Refusal At(string code, string what) => InferParser.Bad(code, $"Input '{_input.Name}', index {_walk.IndexText()}: {what}.");
}
