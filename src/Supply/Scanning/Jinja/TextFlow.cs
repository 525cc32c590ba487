using Merlon.Scanning.Content;

namespace Merlon.Scanning.Jinja;

/// <summary>What an expression's value may come from. A text that the template puts together can spell any attribute's name.</summary>
/// <param name="Text">It holds a text of the template or of the file.</param>
/// <param name="Changed">Something is done to its parts: an operator, a filter, a call, a part taken out.</param>
internal sealed record Origin(bool Text, bool Changed, IReadOnlyCollection<string> Names)
{
    public static Origin None { get; } = new(false, false, []);

    public static Origin Number { get; } = new(false, false, []) { IsNumber = true };

    public static Origin Built { get; } = new(true, true, []) { Joined = true };

    /// <summary>It can be nothing but a number, which names no attribute.</summary>
    public bool IsNumber { get; private init; }

    /// <summary>Texts may have been put together, letter by letter even, whoever they came from.</summary>
    public bool Joined { get; init; }

    public static Origin Of(string name) => new(false, false, [name]);

    public Origin With(Origin other) => new(Text || other.Text, Changed || other.Changed, other.Names.Count == 0 ? Names : Names.Count == 0 ? other.Names : [.. Names.Union(other.Names, StringComparer.Ordinal)])
    {
        Joined = Joined || other.Joined,
        IsNumber = IsNumber && other.IsNumber,
    };

    public Origin Altered() => this with { Changed = true, IsNumber = false };
}

/// <summary>Follows texts from where they are made to where they index.</summary>
internal sealed class TextFlow
{
    private readonly List<(string Name, Origin From)> _assignments = [];
    private readonly List<(Origin Index, int At)> _subscripts = [];

    public void Assign(string name, Origin from) => _assignments.Add((name, from));

    public void Subscript(Origin index, int at) => _subscripts.Add((index, at));

    /// <exception cref="MalformedException">Something is indexed by a text that the template builds.</exception>
    public void Check()
    {
        var texts = new HashSet<string>(Names.FileTexts, StringComparer.Ordinal);
        var built = new HashSet<string>(StringComparer.Ordinal);
        // A name set late in a loop is used early in its next turn, so order says nothing.
        for (var changed = true; changed;)
        {
            changed = false;
            foreach (var (name, from) in _assignments)
            {
                if (IsBuilt(from, texts, built))
                    changed |= built.Add(name);
                if (from.Text || from.Names.Any(texts.Contains))
                    changed |= texts.Add(name);
            }
        }
        foreach (var (index, at) in _subscripts)
        {
            if (IsBuilt(index, texts, built) || index.Names.Any(Names.FileTexts.Contains))
                throw new MalformedException("template.built-subscript", "The template indexes with a text that it builds.", at);
        }
    }

    private static bool IsBuilt(Origin from, HashSet<string> texts, HashSet<string> built) =>
        from.Joined || from.Names.Any(built.Contains) || (from.Changed && (from.Text || from.Names.Any(texts.Contains))) || from.Names.Any(Names.FileTexts.Contains);
}
