using System.Text;
using Merlon.Scanning.Content;

namespace Merlon.Scanning.Jinja;

internal enum TokenKind
{
    End,
    Data,
    BeginPrint,
    BeginBlock,
    Close,
    Name,
    Text,
    Number,
    Operator,
}

internal readonly record struct Token(TokenKind Kind, string Value, int At);

/// <summary>Cuts a template into tokens, strictly: whatever Jinja might read in another way is refused.</summary>
internal sealed class Lexer(string source)
{
    private static readonly string[] s_operators = ["==", "!=", "<=", ">=", "//", "**", "(", ")", "[", "]", "{", "}", ",", ":", ".", "|", "~", "+", "-", "*", "/", "%", "<", ">", "="];

    private readonly List<Token> _tokens = [];
    private int _at;

    public List<Token> Read()
    {
        if (source.Length > Limits.Characters)
            throw Wrong($"The template has more than {Limits.Characters} characters.");
        while (_at < source.Length)
        {
            var open = source.IndexOf('{', _at);
            while (open >= 0 && (open + 1 == source.Length || source[open + 1] is not ('{' or '%' or '#')))
                open = source.IndexOf('{', open + 1);
            if (open < 0)
                open = source.Length;
            if (open > _at)
                Add(TokenKind.Data, "", _at);
            _at = open;
            if (open < source.Length)
                ReadTag();
        }
        Add(TokenKind.End, "", _at);
        return _tokens;
    }

    private void ReadTag()
    {
        var kind = source[_at + 1];
        var begin = _at;
        _at += 2;
        if (kind == '#')
        {
            var end = source.IndexOf("#}", _at, StringComparison.Ordinal);
            _at = end >= 0 ? end + 2 : throw Wrong("A comment does not end.");
            return;
        }
        Add(kind == '{' ? TokenKind.BeginPrint : TokenKind.BeginBlock, "", begin);
        if (_at < source.Length && source[_at] is '-' or '+')
            _at++;
        ReadInside(kind == '{' ? "}}" : "%}");
    }

    private void ReadInside(string close)
    {
        var open = 0;
        while (true)
        {
            while (_at < source.Length && source[_at] is ' ' or '\t' or '\n' or '\r')
                _at++;
            if (_at >= source.Length)
                throw Wrong("A tag does not end.");
            if (open == 0 && Closes(close))
                return;
            var c = source[_at];
            if (char.IsAsciiLetter(c) || c == '_')
                ReadName();
            else if (char.IsAsciiDigit(c))
                ReadNumber();
            else if (c is '\'' or '"')
                ReadText(c);
            else
                open += ReadOperator();
        }
    }

    private bool Closes(string close)
    {
        var skipped = source[_at] is '-' or '+' ? 1 : 0;
        if (string.CompareOrdinal(source, _at + skipped, close, 0, close.Length) != 0)
            return false;
        Add(TokenKind.Close, "", _at);
        _at += skipped + close.Length;
        return true;
    }

    private void ReadName()
    {
        var from = _at;
        while (_at < source.Length && (char.IsAsciiLetterOrDigit(source[_at]) || source[_at] == '_'))
            _at++;
        Add(TokenKind.Name, source[from.._at], from);
    }

    private void ReadNumber()
    {
        var from = _at;
        while (_at < source.Length && (char.IsAsciiDigit(source[_at]) || (source[_at] == '.' && _at + 1 < source.Length && char.IsAsciiDigit(source[_at + 1]))))
            _at++;
        Add(TokenKind.Number, source[from.._at], from);
    }

    private void ReadText(char quote)
    {
        var from = _at++;
        var text = new StringBuilder();
        while (true)
        {
            if (_at >= source.Length)
                throw Wrong("A text does not end.");
            var c = source[_at++];
            if (c == quote)
                break;
            // Escapes of one character are enough for templates; numbers of characters hide what they spell.
            if (c == '\\')
                c = _at < source.Length && "nrt'\"\\".Contains(source[_at], StringComparison.Ordinal) ? Escaped(source[_at++]) : throw Wrong("A text holds an escape that is not understood.");
            text.Append(c);
        }
        Add(TokenKind.Text, text.ToString(), from);
    }

    private static char Escaped(char c) => c switch
    {
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        _ => c,
    };

    private int ReadOperator()
    {
        foreach (var known in s_operators)
        {
            if (string.CompareOrdinal(source, _at, known, 0, known.Length) != 0)
                continue;
            Add(TokenKind.Operator, known, _at);
            _at += known.Length;
            return known is "(" or "[" or "{" ? 1 : known is ")" or "]" or "}" ? -1 : 0;
        }
        throw Wrong("A character has no meaning here.");
    }

    private void Add(TokenKind kind, string value, int at)
    {
        if (_tokens.Count == Limits.Tokens)
            throw Wrong($"The template has more than {Limits.Tokens} tokens.");
        _tokens.Add(new Token(kind, value, at));
    }

    private MalformedException Wrong(string message) => new("template.not-understood", message, _at);
}
