using System.Buffers.Text;
using System.Globalization;

namespace Merlon.Scanning.Pickle;

/// <summary>Operations that make data.</summary>
internal sealed partial class PickleMachine
{
    private void PushNumber(long number) => _stack.Push(PickleKind.Number, number);

    private void PushLong(byte length)
    {
        var bytes = reader.Read(length);
        if (length > 8)
        {
            _stack.Push(PickleKind.Atom);
            return;
        }
        long number = 0;
        for (var i = 0; i < length; i++)
            number |= (long)bytes[i] << (8 * i);
        // Two's complement, little-endian, as short as possible.
        if (length is > 0 and < 8 && (bytes[length - 1] & 0x80) != 0)
            number |= -1L << (8 * length);
        PushNumber(number);
    }

    private void SkipLong(int length)
    {
        reader.Skip(NotNegative(length));
        _stack.Push(PickleKind.Atom);
    }

    private void PushNumberLine()
    {
        // All that Python's int() and float() take, and more: what goes on here and not there does no harm.
        if (reader.ReadLine(Limits.Line) is not { } line)
        {
            _stack.Push(PickleKind.Atom);
            return;
        }
        if (line.AsSpan().ContainsAnyExcept("0123456789abcdefABCDEFinxXoO_+-.L \t\r\v\f"u8))
            throw new PickleFormatException("pickle.malformed", "A line that should be a number is none.");
        if (Utf8Parser.TryParse(line, out long number, out var used) && used == line.Length)
            PushNumber(number);
        else
            _stack.Push(PickleKind.Atom);
    }

    private long ReadIndexLine()
    {
        var line = reader.ReadLine(Limits.Line) ?? throw new PickleFormatException("pickle.too-large", "A number of the memo has too many digits.");
        if (line.Length == 0 || line.AsSpan().ContainsAnyExcept("0123456789+_ \t\r\v\f"u8))
            throw new PickleFormatException("pickle.malformed", "A number of the memo is no number.");
        return !line.AsSpan().ContainsAnyExceptInRange((byte)'0', (byte)'9') && long.TryParse(line, NumberStyles.None, CultureInfo.InvariantCulture, out var index)
            ? index
            : throw new PickleFormatException("pickle.too-large", "A number of the memo is not written as writers do, or too large.");
    }

    private void PushText(ulong length)
    {
        if (length <= Limits.KeptText)
        {
            _stack.Push(_texts.Of(reader.Read((int)length)));
            return;
        }
        reader.Skip(length);
        _stack.Push(PickleValue.LongText);
    }

    private void PushBytes(ulong length)
    {
        reader.Skip(length);
        _stack.Push(PickleKind.Bytes);
    }

    private void Share(in PickleValue value)
    {
        if (value.Kind == PickleKind.Instance && value.Content is PickleInstance instance && instance.Type.IsKept)
            instance.IsShared = true;
        _stack.Push(value);
    }

    private static ulong NotNegative(int length) =>
        length >= 0 ? (ulong)length : throw new PickleFormatException("pickle.malformed", "A length is negative.");

    /// <summary>Entries are kept only once something was imported that could be given them.</summary>
    private PickleValue NewDictionary() => HasImported ? new PickleValue(PickleKind.Container, new PickleDictionary()) : PickleValue.Container;

    private void PushTuple(ReadOnlySpan<PickleValue> values) =>
        _stack.Push(new PickleValue(PickleKind.Tuple, HasImported && values.Length <= (_keeps ? Limits.KeptFields : Limits.KeptTuple) ? values.ToArray() : null));

    private void PushSmallTuple(int count)
    {
        // A tuple is judged only as the arguments of something that was imported before it.
        if (!HasImported)
        {
            for (var i = 0; i < count; i++)
                _stack.Pop();
            _stack.Push(PickleKind.Tuple);
            return;
        }
        var values = new PickleValue[count];
        for (var i = count - 1; i >= 0; i--)
            values[i] = _stack.Pop();
        _stack.Push(new PickleValue(PickleKind.Tuple, values));
    }

    private void MakeDictionary()
    {
        var values = _stack.PopMark();
        var dictionary = NewDictionary();
        PutAll(dictionary, values);
        _stack.Push(dictionary);
    }

    private void SetItem()
    {
        var value = _stack.Pop();
        var key = _stack.Pop();
        (_stack.Top().Content as PickleDictionary)?.Put(key, value);
        Fill("SETITEM");
    }

    private void SetItems()
    {
        var values = _stack.PopMark();
        PutAll(_stack.Top(), values);
        Fill("SETITEMS");
    }

    private static void PutAll(in PickleValue target, ReadOnlySpan<PickleValue> values)
    {
        if (values.Length % 2 != 0)
            throw new PickleFormatException("pickle.malformed", "A dictionary has a key without a value.");
        if (target.Content is not PickleDictionary dictionary)
            return;
        for (var i = 0; i < values.Length; i += 2)
            dictionary.Put(values[i], values[i + 1]);
    }

    /// <summary>Only containers and instances may be filled: an imported module, class or function would be changed for the whole program.</summary>
    private void Fill(string operation)
    {
        var target = _stack.Top();
        // CPython fills nothing into anything without a complaint; where it complains, nothing is lost by going on.
        if (target.Kind == PickleKind.Global)
            Tell("pickle.overwrite", "fill " + target.Content, $"{operation} changes the imported {target.Content} for the whole program.");
        else if (target.Content is PickleDictionary { IsSealed: true })
            Tell("numpy.dtype", "fields", $"{operation} changes the fields of a type that was already made.");
    }
}
