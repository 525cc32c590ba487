using Merlon.Scanning.Content;

namespace Merlon.Scanning.Jinja;

/// <summary>Goes through tokens.</summary>
internal sealed class TokenReader(List<Token> tokens)
{
    private int _at;

    public Token Current => tokens[_at];
    public Token Following => tokens[Math.Min(_at + 1, tokens.Count - 1)];

    public Token Next() => tokens[_at < tokens.Count - 1 ? _at++ : _at];

    /// <summary>Passes an operator or a word, if it comes next.</summary>
    public bool Take(string value)
    {
        if (Current.Kind is not (TokenKind.Operator or TokenKind.Name) || Current.Value != value)
            return false;
        Next();
        return true;
    }

    public void Expect(string value)
    {
        if (!Take(value))
            throw Wrong("template.not-understood", $"Expected is '{value}'.");
    }

    public string Name() => Current.Kind == TokenKind.Name ? Next().Value : throw Wrong("template.not-understood", "Expected is a name.");

    public MalformedException Wrong(string rule, string message) => new(rule, message, Current.At);
}
