using Merlon.Scanning.Content;

namespace Merlon.Scanning.Jinja;

/// <summary>Statements of a template: if, for, set, macro, generation, break and continue.</summary>
internal sealed class TemplateParser
{
    private readonly TokenReader _tokens;
    private readonly ExpressionParser _expressions;
    private readonly TextFlow _flow = new();
    private int _depth;

    public TemplateParser(List<Token> tokens)
    {
        _tokens = new TokenReader(tokens);
        _expressions = new ExpressionParser(_tokens, _flow, Defined(tokens));
    }

    public void Parse()
    {
        Body();
        if (_tokens.Current.Kind != TokenKind.End)
            throw _tokens.Wrong("template.not-understood", "A statement ends what was not begun.");
        _flow.Check();
    }

    /// <summary>Names that the template gives itself: by set, for, macro, and as arguments.</summary>
    private static (HashSet<string> Names, HashSet<string> Macros) Defined(List<Token> tokens)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        var macros = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 1; i + 1 < tokens.Count; i++)
        {
            if (tokens[i - 1].Kind != TokenKind.BeginBlock || tokens[i].Kind != TokenKind.Name || tokens[i].Value is not ("set" or "for" or "macro"))
                continue;
            if (tokens[i].Value == "macro")
                macros.Add(tokens[i + 1].Value);
            for (var j = i + 1; j < tokens.Count && tokens[j].Kind != TokenKind.Close && tokens[j] is not { Kind: TokenKind.Name, Value: "in" }; j++)
            {
                if (tokens[j].Kind == TokenKind.Name && tokens[j - 1] is not { Kind: TokenKind.Operator, Value: "." or "|" })
                    names.Add(tokens[j].Value);
                if (tokens[i].Value == "set" && tokens[j] is { Kind: TokenKind.Operator, Value: "=" })
                    break;
            }
        }
        // A template that takes a function's name for itself is not one that people write.
        names.ExceptWith(Names.Functions);
        macros.ExceptWith(Names.Functions);
        names.RemoveWhere(name => name.Contains("__", StringComparison.Ordinal) || name.StartsWith('_'));
        return (names, macros);
    }

    /// <summary>Up to a statement that ends or divides something; that statement's name is the current token.</summary>
    private void Body()
    {
        if (++_depth > Limits.Depth)
            throw _tokens.Wrong("template.not-understood", $"Statements are nested in more than {Limits.Depth} levels.");
        while (true)
        {
            switch (_tokens.Current.Kind)
            {
                case TokenKind.Data:
                    _tokens.Next();
                    continue;
                case TokenKind.BeginPrint:
                    _tokens.Next();
                    _expressions.Any();
                    Close();
                    continue;
                case TokenKind.BeginBlock:
                    _tokens.Next();
                    if (!Statement())
                    {
                        _depth--;
                        return;
                    }
                    continue;
            }
            _depth--;
            return;
        }
    }

    private bool Statement()
    {
        switch (_tokens.Current.Value)
        {
            case "if":
                If();
                return true;
            case "for":
                For();
                return true;
            case "set":
                Set();
                return true;
            case "macro":
                Macro();
                return true;
            case "generation":
                _tokens.Next();
                Close();
                Body();
                End("endgeneration");
                return true;
            case "break" or "continue":
                _tokens.Next();
                Close();
                return true;
            case "elif" or "else" or "endif" or "endfor" or "endset" or "endmacro" or "endgeneration":
                return false;
            default:
                throw _tokens.Wrong("template.statement", $"The statement '{_tokens.Current.Value}' is not on the list.");
        }
    }

    private void If()
    {
        _tokens.Next();
        _expressions.Any();
        Close();
        Body();
        while (_tokens.Take("elif"))
        {
            _expressions.Any();
            Close();
            Body();
        }
        if (_tokens.Take("else"))
        {
            Close();
            Body();
        }
        End("endif");
    }

    private void For()
    {
        _tokens.Next();
        var names = TargetNames();
        _tokens.Expect("in");
        var from = _expressions.WithoutCondition();
        if (_tokens.Take("if"))
            _expressions.WithoutCondition();
        Close();
        // What a text is made of is a part of it.
        foreach (var name in names)
            _flow.Assign(name, from.Text ? from.Altered() : from);
        Body();
        if (_tokens.Take("else"))
        {
            Close();
            Body();
        }
        End("endfor");
    }

    private void Set()
    {
        _tokens.Next();
        var names = TargetNames();
        if (_tokens.Take("."))
        {
            names.Add(_expressions.Attribute(_tokens.Name()));
        }
        if (_tokens.Take("="))
        {
            var from = _expressions.Any();
            while (_tokens.Take(","))
                from = from.With(_expressions.Any());
            Close();
            names.ForEach(name => _flow.Assign(name, from));
            return;
        }
        while (_tokens.Take("|"))
            _expressions.Filter();
        Close();
        Body();
        End("endset");
        names.ForEach(name => _flow.Assign(name, Origin.Built));
    }

    private void Macro()
    {
        _tokens.Next();
        _expressions.Known(_tokens.Name());
        _tokens.Expect("(");
        while (!_tokens.Take(")"))
        {
            var name = _tokens.Name();
            _expressions.Known(name);
            _flow.Assign(name, Origin.Of(ExpressionParser.Arguments));
            if (_tokens.Take("="))
                _flow.Assign(name, _expressions.Any());
            if (!_tokens.Take(","))
            {
                _tokens.Expect(")");
                break;
            }
        }
        Close();
        Body();
        End("endmacro");
    }

    private List<string> TargetNames()
    {
        var names = new List<string>();
        var open = _tokens.Take("(");
        do
        {
            var name = _tokens.Name();
            _expressions.Known(name);
            names.Add(name);
        }
        while (_tokens.Take(","));
        if (open)
            _tokens.Expect(")");
        return names;
    }

    private void End(string statement)
    {
        _tokens.Expect(statement);
        Close();
    }

    private void Close()
    {
        if (_tokens.Current.Kind != TokenKind.Close)
            throw _tokens.Wrong("template.not-understood", "A tag holds more than is understood.");
        _tokens.Next();
    }
}
