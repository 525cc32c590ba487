using System.Runtime.CompilerServices;

namespace Merlon.Scanning.Pickle;

/// <summary>The pickle is not one that CPython would load, or passes a bound. Carries a rule.</summary>
internal sealed class PickleFormatException(string rule, string message) : Exception(message)
{
    public string Rule { get; } = rule;
}

/// <summary>The machine's stack, its marks and its memo, all bounded. As in CPython, nothing below the newest mark can be reached.</summary>
internal sealed class PickleStack
{
    private const int ChunkBits = 16;

    private readonly List<int> _marks = [];
    private PickleValue[]?[] _memo = new PickleValue[]?[16];
    private PickleValue[] _values = new PickleValue[256];
    private int _count;
    private int _fence;
    private int _memoized;
    private int _keptDictionaries;
    private int _keptItems;

    /// <summary>Another stack with the same values, marks and memo.</summary>
    public PickleStack Copy()
    {
        var copy = new PickleStack { _memo = new PickleValue[]?[_memo.Length], _values = (PickleValue[])_values.Clone(), _count = _count, _fence = _fence, _memoized = _memoized, _keptDictionaries = _keptDictionaries, _keptItems = _keptItems };
        copy._marks.AddRange(_marks);
        for (var i = 0; i < _memo.Length; i++)
            copy._memo[i] = (PickleValue[]?)_memo[i]?.Clone();
        return copy;
    }

    public int Depth => _count - _fence;

    public void Push(in PickleValue value)
    {
        if (_count == _values.Length)
            Grow();
        _values[_count++] = value;
    }

    /// <summary>A value without content: no reference is written, which the garbage collector would have to be told.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Push(PickleKind kind, long whole = 0)
    {
        if (_count == _values.Length)
            Grow();
        _values[_count++] = new PickleValue(kind, null, whole);
    }

    private void Grow()
    {
        if (_count >= Limits.Stack)
            throw new PickleFormatException("pickle.too-large", $"The pickle has more than {Limits.Stack} values on its stack.");
        Array.Resize(ref _values, _count * 2);
    }

    public PickleValue Pop()
    {
        if (_count == _fence)
            throw new PickleFormatException("pickle.malformed", "An operation takes a value from an empty stack.");
        return _values[--_count];
    }

    public ref readonly PickleValue Top()
    {
        if (_count == _fence)
            throw new PickleFormatException("pickle.malformed", "An operation looks at a value of an empty stack.");
        return ref _values[_count - 1];
    }

    public void Mark()
    {
        if (_marks.Count >= Limits.Stack)
            throw new PickleFormatException("pickle.too-large", $"The pickle has more than {Limits.Stack} open marks.");
        _marks.Add(_count);
        _fence = _count;
    }

    /// <summary>Takes everything above the newest mark, and the mark. The span is good until the next push.</summary>
    public ReadOnlySpan<PickleValue> PopMark()
    {
        if (_marks.Count == 0)
            throw new PickleFormatException("pickle.malformed", "An operation looks for a mark that was never set.");
        var at = _marks[^1];
        _marks.RemoveAt(_marks.Count - 1);
        var values = _values.AsSpan(at, _count - at);
        _count = at;
        _fence = _marks.Count == 0 ? 0 : _marks[^1];
        return values;
    }

    /// <summary>POP: a value, or the mark when nothing stands on it.</summary>
    public void PopValueOrMark()
    {
        if (_count == _fence && _marks.Count > 0)
            PopMark();
        else
            Pop();
    }

    public void Remember(long index, in PickleValue value)
    {
        if (index is < 0 or >= Limits.Memo)
            throw new PickleFormatException("pickle.too-large", $"The memo is used at {index}; allowed are {Limits.Memo} entries.");
        var chunk = (int)(index >> ChunkBits);
        if (chunk >= _memo.Length)
            Array.Resize(ref _memo, Math.Max(chunk + 1, Math.Min(_memo.Length * 2, Limits.Memo >> ChunkBits)));
        var values = _memo[chunk] ??= new PickleValue[1 << ChunkBits];
        ref var place = ref values[index & ((1 << ChunkBits) - 1)];
        if (place.Kind == PickleKind.Absent)
            _memoized++;
        // What is inside a container or a tuple counts only where it was just made; kept for millions of them it would fill the memory.
        place = value.Kind is PickleKind.Container or PickleKind.Tuple ? Kept(value) : value;
    }

    /// <summary>Small tuples of texts and numbers, which types share, and dictionaries, which become parts of types; both up to a bound.</summary>
    private PickleValue Kept(in PickleValue value)
    {
        if (value.Content is PickleDictionary dictionary)
        {
            if (_keptDictionaries < Limits.KeptInMemo)
            {
                _keptDictionaries++;
                return value;
            }
            dictionary.IsLost = true;
        }
        else if (value.Items is { Length: > 0 } items && _keptItems + items.Length <= Limits.KeptInMemo && Array.TrueForAll(items, i => i.Kind is PickleKind.Text or PickleKind.Number))
        {
            _keptItems += items.Length;
            return value;
        }
        return new PickleValue(value.Kind);
    }

    /// <summary>MEMOIZE: the next free number is the count of entries, as in CPython.</summary>
    public void Remember(in PickleValue value) => Remember(_memoized, value);

    public PickleValue Recall(long index)
    {
        var chunk = index >> ChunkBits;
        if (index < 0 || chunk >= _memo.Length || _memo[chunk] is not { } values || values[index & ((1 << ChunkBits) - 1)] is not { Kind: not PickleKind.Absent } value)
            throw new PickleFormatException("pickle.malformed", $"The memo has no entry {index}.");
        return value;
    }
}
