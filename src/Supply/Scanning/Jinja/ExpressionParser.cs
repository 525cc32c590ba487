namespace Merlon.Scanning.Jinja;

/// <summary>Expressions of a template, judged while they are parsed. Each method returns where its value comes from.</summary>
internal sealed class ExpressionParser(TokenReader tokens, TextFlow flow, (HashSet<string> Names, HashSet<string> Macros) defined)
{
    /// <summary>Stands for every value that is given to any macro.</summary>
    public const string Arguments = "(arguments)";

    private static readonly string[] s_comparisons = ["==", "!=", "<", ">", "<=", ">="];
    private static readonly string[] s_arithmetic = ["+", "-", "*", "/", "//", "%", "**", "~"];
    private readonly HashSet<string> _fields = new(StringComparer.Ordinal);
    private int _depth;

    public Origin Any()
    {
        var value = WithoutCondition();
        if (tokens.Take("if"))
        {
            WithoutCondition();
            if (tokens.Take("else"))
                value = value.With(Any());
        }
        return value;
    }

    public Origin WithoutCondition()
    {
        if (++_depth > Limits.Depth)
            throw tokens.Wrong("template.not-understood", $"Expressions are nested in more than {Limits.Depth} levels.");
        var value = Comparison();
        while (tokens.Take("and") || tokens.Take("or"))
            value = value.With(Comparison());
        _depth--;
        return value;
    }

    public void Known(string name)
    {
        if (!defined.Names.Contains(name) && !Names.Data.Contains(name) && !Names.FileTexts.Contains(name))
            throw tokens.Wrong("template.name", $"The name '{name}' is not on the list.");
    }

    public string Attribute(string name)
    {
        if (!Names.Attributes.Contains(name) && !_fields.Contains(name))
            throw tokens.Wrong("template.attribute", $"The attribute '{name}' is not on the list.");
        return "." + name;
    }

    public Origin Filter()
    {
        var name = tokens.Name();
        if (!Names.Filters.Contains(name))
            throw tokens.Wrong("template.name", $"The filter '{name}' is not on the list.");
        var given = tokens.Take("(") ? Call(Names.AttributeFilters.Contains(name), name == "map") : Origin.None;
        return name is "length" or "count" or "int" or "abs" or "round" ? Origin.Number : given with { Joined = given.Joined || name is "join" or "replace" or "sum" or "indent" };
    }

    private Origin Comparison()
    {
        var negations = 0;
        while (tokens.Take("not"))
            negations++;
        var value = Sum();
        while (true)
        {
            if (s_comparisons.Any(tokens.Take) || tokens.Take("in"))
            {
                Sum();
                value = Origin.None;
            }
            else if (tokens.Current is { Kind: TokenKind.Name, Value: "not" } && tokens.Following.Value == "in")
            {
                tokens.Next();
                tokens.Next();
                Sum();
                value = Origin.None;
            }
            else
            {
                return negations > 0 ? Origin.None : value;
            }
        }
    }

    private Origin Sum()
    {
        var value = Unary();
        while (s_arithmetic.FirstOrDefault(tokens.Take) is { } sign)
            value = Combined(value, sign, Unary());
        return value;
    }

    // Adding a number to a text is an error of the renderer, so the sum with a number is one.
    private static Origin Combined(Origin left, string sign, Origin right) => sign switch
    {
        "-" or "/" or "//" or "**" => Origin.Number,
        "+" when left.IsNumber || right.IsNumber => Origin.Number,
        "*" when left.IsNumber && right.IsNumber => Origin.Number,
        "%" when left.IsNumber => Origin.Number,
        _ => left.With(right).Altered() with { Joined = true },
    };

    private Origin Unary()
    {
        var sign = false;
        while (tokens.Take("-") || tokens.Take("+"))
            sign = true;
        var value = Postfix(Primary());
        return sign ? Origin.Number : value;
    }

    private Origin Primary()
    {
        var token = tokens.Next();
        switch (token.Kind)
        {
            case TokenKind.Number:
                return Origin.Number;
            case TokenKind.Text:
                while (tokens.Current.Kind == TokenKind.Text)
                    tokens.Next();
                return new Origin(true, false, []);
            case TokenKind.Name:
                return Value(token.Value);
            case TokenKind.Operator when token.Value is "(" or "[":
                return Items(token.Value == "(" ? ")" : "]");
            case TokenKind.Operator when token.Value == "{":
                return Pairs();
        }
        throw tokens.Wrong("template.not-understood", "Expected is a value.");
    }

    private Origin Value(string name)
    {
        if (Names.Functions.Contains(name) || defined.Macros.Contains(name))
        {
            if (tokens.Current is { Kind: TokenKind.Name, Value: "is" })
                return Origin.None;
            // A function that is not called could be turned to a text, or handed to something that calls it.
            tokens.Expect("(");
            var given = Call(attributes: false, filters: false, fields: name is "namespace");
            if (name == "namespace")
                return Origin.None;
            flow.Assign(Arguments, given);
            return name is "range" or "raise_exception" ? Origin.Number : Origin.Built;
        }
        Known(name);
        return Origin.Of(name);
    }

    private Origin Items(string close)
    {
        var value = Origin.None;
        while (!tokens.Take(close))
        {
            value = value.With(Any());
            if (!tokens.Take(","))
            {
                tokens.Expect(close);
                break;
            }
        }
        return value;
    }

    private Origin Pairs()
    {
        var value = Origin.None;
        while (!tokens.Take("}"))
        {
            value = value.With(Any());
            tokens.Expect(":");
            value = value.With(Any());
            if (!tokens.Take(","))
            {
                tokens.Expect("}");
                break;
            }
        }
        return value;
    }

    private Origin Postfix(Origin value)
    {
        while (true)
        {
            if (tokens.Take("."))
                value = Member(value);
            else if (tokens.Take("["))
                value = Subscript(value);
            else if (tokens.Take("|"))
                value = Filter() is var filtered && ReferenceEquals(filtered, Origin.Number) ? filtered : value.With(filtered).Altered();
            else if (tokens.Take("is"))
                value = Test();
            else if (tokens.Current is { Kind: TokenKind.Operator, Value: "(" })
                throw tokens.Wrong("template.name", "Something is called that is no function or method on the list.");
            else
                return value;
        }
    }

    private Origin Member(Origin value)
    {
        var name = tokens.Name();
        if (!tokens.Take("("))
            return name is "index" or "index0" or "revindex" or "revindex0" or "length" ? Checked(name) : value.With(Origin.Of(Attribute(name)));
        if (!Names.Methods.Contains(name) && name != "cycle")
            throw tokens.Wrong("template.attribute", $"The method '{name}' is not on the list.");
        var given = Call(attributes: false, filters: false);
        return name is "count" or "find" or "rfind" or "index" ? Origin.Number : value.With(given).Altered() with { Joined = value.Joined || given.Joined || name is "join" or "replace" };
    }

    private Origin Checked(string name)
    {
        Attribute(name);
        return Origin.Number;
    }

    private Origin Subscript(Origin value)
    {
        var token = tokens.Current;
        if (token.Kind == TokenKind.Text && tokens.Following is { Kind: TokenKind.Operator, Value: "]" })
        {
            tokens.Next();
            tokens.Next();
            Plain(token.Value);
            return value;
        }
        var sliced = false;
        while (!tokens.Take("]"))
        {
            if (tokens.Take(":"))
                sliced = true;
            else
            {
                var index = Any();
                if (index.Text)
                    throw tokens.Wrong("template.built-subscript", "The template indexes with a text that it builds.");
                flow.Subscript(index, token.At);
            }
        }
        return sliced ? value.Altered() : value;
    }

    private Origin Test()
    {
        tokens.Take("not");
        var name = tokens.Name();
        if (!Names.Tests.Contains(name))
            throw tokens.Wrong("template.name", $"The test '{name}' is not on the list.");
        if (tokens.Take("("))
            Call(attributes: false, filters: false);
        else if (tokens.Current.Kind is TokenKind.Text or TokenKind.Number || (name is "divisibleby" or "equalto" or "eq" or "ne" or "in" && tokens.Current.Kind == TokenKind.Name))
            Primary();
        return Origin.None;
    }

    private Origin Call(bool attributes, bool filters, bool fields = false)
    {
        var value = Origin.None;
        var position = 0;
        while (!tokens.Take(")"))
        {
            var keyword = tokens.Current.Kind == TokenKind.Name && tokens.Following is { Kind: TokenKind.Operator, Value: "=" } ? tokens.Name() : null;
            if (keyword is not null)
            {
                tokens.Next();
                Keyword(keyword, fields);
            }
            var token = tokens.Current;
            var given = Any();
            value = value.With(given);
            if (fields && keyword is not null)
                flow.Assign("." + keyword, given);
            if (attributes && (keyword == "attribute" || (keyword is null && !filters && position == 0)))
                AttributeText(token, given);
            if (filters && keyword is null && position == 0 && (token.Kind != TokenKind.Text || !Names.Filters.Contains(token.Value) || given.Changed))
                throw tokens.Wrong("template.name", "A filter is named that is not on the list.");
            if (attributes && keyword is null && position == 1 && !filters && (token.Kind == TokenKind.Text && !Names.Tests.Contains(token.Value) && token.Value is not ("==" or "!=")))
                throw tokens.Wrong("template.name", "A test is named that is not on the list.");
            position++;
            if (!tokens.Take(","))
            {
                tokens.Expect(")");
                break;
            }
        }
        return value;
    }

    private void Keyword(string keyword, bool fields)
    {
        if (keyword.Contains("__", StringComparison.Ordinal) || keyword.StartsWith('_'))
            throw tokens.Wrong("template.attribute", $"The argument '{keyword}' is not a plain name.");
        if (fields)
            _fields.Add(keyword);
    }

    // Filters such as join and sort take other texts first; those are harmless when they are plain, and joined by dots they are paths of attributes.
    private void AttributeText(Token token, Origin given)
    {
        if (given.Changed || given.Names.Count > 0)
            throw tokens.Wrong("template.attribute", "The name of an attribute is built.");
        if (token.Kind == TokenKind.Text)
            Plain(token.Value);
    }

    private void Plain(string name)
    {
        if (name.Contains("__", StringComparison.Ordinal) || name.StartsWith('_') || name.Contains("func_", StringComparison.Ordinal) || name is "mro" or "format" or "format_map" || name.StartsWith("gi_", StringComparison.Ordinal) || name.StartsWith("f_", StringComparison.Ordinal))
            throw tokens.Wrong("template.attribute", $"The text '{name}' is no plain field.");
    }
}
