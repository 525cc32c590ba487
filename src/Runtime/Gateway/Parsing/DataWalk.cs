using System.Text.Json;
using Merlon.Kernel;

namespace Merlon.Gateway.Parsing;

/// <summary>
/// Walks the values of one <c>data</c> array in row-major order and holds its form to the shape: nested data must have exactly the announced
/// extent at every level, flat data exactly the product's number of values.
/// </summary>
internal struct DataWalk
{
    private readonly string _name;
    private readonly long _elements;
    private readonly int _innermost;
    private Dimensions _shape;
    private Dimensions _counts;
    private int _level;
    private bool _started;
    private bool _nested;

    public DataWalk(string name, ReadOnlySpan<long> shape, long elements)
    {
        _name = name;
        _elements = elements;
        _innermost = shape.Length - 1;
        shape.CopyTo(_shape);
        Count = -1;
    }

    /// <summary>Values passed so far; while on a value, its flat position.</summary>
    public long Count { get; private set; }
    public Refusal? Refusal { get; private set; }

    /// <summary>Moves to the next value. False after the last, and on a refusal.</summary>
    public bool MoveNext(scoped ref Utf8JsonReader reader)
    {
        Count++;
        while (reader.Read())
        {
            if (!_started)
            {
                _started = true;
                _nested = reader.TokenType == JsonTokenType.StartArray && _innermost > 0;
            }
            switch (reader.TokenType)
            {
                case JsonTokenType.EndArray:
                    if (Close())
                        continue;
                    return false;
                case JsonTokenType.StartArray:
                    if (Open())
                        continue;
                    return false;
                default:
                    return Take();
            }
        }
        return false;
    }

    /// <summary>A flat position as the index that the caller would write: <c>[2, 5]</c>.</summary>
    public readonly string IndexText()
    {
        Span<long> index = stackalloc long[Limits.MaxRank];
        var rest = Count;
        for (var axis = _innermost; axis >= 0; axis--)
        {
            index[axis] = rest % _shape[axis];
            rest /= _shape[axis];
        }
        return $"[{string.Join(", ", index[..(_innermost + 1)].ToArray())}]";
    }

    private bool Take()
    {
        if (!_nested)
        {
            return Count < _elements
                || Refuse("data.count", $"Input '{_name}' has more than the {_elements} values that its shape asks for.");
        }
        if (_level < _innermost)
            return Refuse("data.nesting", $"Input '{_name}' has a value at nesting level {_level + 1}, where its shape asks for an array.");
        return ++_counts[_level] <= _shape[_level]
            || Refuse("data.nesting", $"Input '{_name}' has more than {_shape[_level]} values in a row of dimension {_level}.");
    }

    private bool Open()
    {
        if (!_nested || _level == _innermost)
            return Refuse("data.nesting", $"Input '{_name}' nests an array at value {Count}, deeper than its shape.");
        if (++_counts[_level] > _shape[_level])
            return Refuse("data.nesting", $"Input '{_name}' has more than {_shape[_level]} arrays in dimension {_level}.");
        _counts[++_level] = 0;
        return true;
    }

    /// <summary>True when the walk goes on in the array around the one that ended.</summary>
    private bool Close()
    {
        if (!_nested)
        {
            return Count != _elements
                && Refuse("data.count", $"Input '{_name}' has {Count} values, but its shape asks for {_elements}.");
        }
        if (_counts[_level] != _shape[_level])
            return Refuse("data.nesting", $"Input '{_name}' has {_counts[_level]} entries in dimension {_level}, but its shape asks for {_shape[_level]}.");
        return --_level >= 0;
    }

    private bool Refuse(string code, string detail)
    {
        Refusal = InferParser.Bad(code, detail);
        return false;
    }
}

/// <summary>Room for the largest shape, on the stack.</summary>
[System.Runtime.CompilerServices.InlineArray(Limits.MaxRank)]
internal struct Dimensions
{
    private long _first;
}
