using System.Globalization;

namespace Merlon.Scanning.Numpy;

/// <summary>Python literals as NumPy writes them: texts, numbers, True and False, tuples and lists (both as lists here), one dictionary around them.</summary>
internal sealed class LiteralParser(string text)
{
    private int _at;

    public Dictionary<string, object> ReadDictionary()
    {
        Expect('{');
        var fields = new Dictionary<string, object>(StringComparer.Ordinal);
        while (!Accept('}'))
        {
            var key = Read(0) as string ?? throw Odd();
            Expect(':');
            if (!fields.TryAdd(key, Read(0)))
                throw new ArrayHeaderException("The header has a key twice.");
            if (!Accept(',') && Peek() != '}')
                throw Odd();
        }
        if (Peek() != '\0' || _at != text.Length)
            throw new ArrayHeaderException("Something stands behind the header's dictionary.");
        return fields;
    }

    private object Read(int depth)
    {
        if (depth > Limits.Depth * 2)
            throw new ArrayHeaderException("The header is nested too deep.");
        switch (Peek())
        {
            case '\'' or '"':
                return ReadText();
            case '(':
                _at++;
                return ReadItems(')', depth);
            case '[':
                _at++;
                return ReadItems(']', depth);
            case >= '0' and <= '9':
                return ReadNumber();
            default:
                return AcceptWord("True") ? true : AcceptWord("False") ? false : throw Odd();
        }
    }

    private List<object> ReadItems(char end, int depth)
    {
        var items = new List<object>();
        while (!Accept(end))
        {
            items.Add(Read(depth + 1));
            if (!Accept(',') && Peek() != end)
                throw Odd();
        }
        return items;
    }

    private string ReadText()
    {
        var quote = text[_at++];
        var end = text.IndexOf(quote, _at);
        if (end < 0)
            throw Odd();
        var value = text[_at..end];
        _at = end + 1;
        return value.Contains('\\', StringComparison.Ordinal) ? throw new ArrayHeaderException("The header has a text with escapes.") : value;
    }

    private object ReadNumber()
    {
        var start = _at;
        while (_at < text.Length && char.IsAsciiDigit(text[_at]))
            _at++;
        var digits = text.AsSpan(start, _at - start);
        // Python 2 wrote long numbers with an L.
        AcceptWord("L");
        return long.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : throw Odd();
    }

    private bool AcceptWord(string word)
    {
        if (string.CompareOrdinal(text, _at, word, 0, word.Length) != 0)
            return false;
        _at += word.Length;
        return true;
    }

    private char Peek()
    {
        while (_at < text.Length && text[_at] is ' ' or '\n')
            _at++;
        return _at < text.Length ? text[_at] : '\0';
    }

    private bool Accept(char expected)
    {
        if (Peek() != expected || _at == text.Length)
            return false;
        _at++;
        return true;
    }

    private void Expect(char expected)
    {
        if (!Accept(expected))
            throw Odd();
    }

    private ArrayHeaderException Odd() => new(string.Create(CultureInfo.InvariantCulture, $"The header is not a dictionary of literals (at {_at})."));
}
