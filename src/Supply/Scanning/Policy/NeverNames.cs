using System.Collections.Frozen;

namespace Merlon.Scanning.Policy;

/// <summary>
/// What no policy can allow (<c>never.txt</c>). A list of what is dangerous is never complete, so it is no way to judge a file; here it only keeps a
/// signer from opening by mistake what opens everything else.
/// </summary>
internal static class NeverNames
{
    private static readonly (FrozenSet<string> Modules, FrozenSet<string> Names) s_lists = Load();

    /// <summary>Why the name may not be allowed; null when a policy may allow it.</summary>
    public static string? Refuse(string module, string name)
    {
        if (!IsIdentifier(name))
            return "the name is not one plain Python identifier";
        var parts = module.Split('.');
        if (!parts.All(IsIdentifier))
            return "the module is not a plain Python module";
        // A part that begins with two underscores is the interpreter's own (__main__, __builtins__, __globals__), or leads to it.
        if (name.StartsWith("__", StringComparison.Ordinal) || parts.Any(part => part.StartsWith("__", StringComparison.Ordinal)))
            return "it is a part of the interpreter";
        for (var count = 1; count <= parts.Length; count++)
        {
            if (s_lists.Modules.Contains(string.Join('.', parts[..count])))
                return $"the module {string.Join('.', parts[..count])} can never be allowed";
        }
        // 'own.os.path' is a module that another has imported, under a longer name.
        if (parts.Skip(1).Append(name).FirstOrDefault(IsModuleOfItsOwn) is { } borrowed)
            return $"{borrowed} can never be allowed, in whatever module it stands";
        return s_lists.Names.Contains(name) ? $"a {name} can never be allowed, in whatever module it stands" : null;
    }

    // Short everyday words that are modules too (types, text, random) are common names of parts of a package; these are not.
    private static bool IsModuleOfItsOwn(string part) =>
        part is "os" or "posix" or "nt" or "sys" or "subprocess" or "builtins" or "importlib" or "ctypes" or "pickle" or "marshal" or "runpy" or "shutil" or "socket" or "pty" or "operator" or "functools";

    private static bool IsIdentifier(string text) =>
        text.Length is > 0 and <= Limits.NameLength && text.All(c => char.IsAsciiLetterOrDigit(c) || c == '_') && !char.IsAsciiDigit(text[0]);

    private static (FrozenSet<string>, FrozenSet<string>) Load()
    {
        var (modules, names) = (new HashSet<string>(StringComparer.Ordinal), new HashSet<string>(StringComparer.Ordinal));
        using var reader = new StreamReader(typeof(NeverNames).Assembly.GetManifestResourceStream("Merlon.Scanning.Policy.never.txt")!);
        var section = modules;
        while (reader.ReadLine() is { } line)
        {
            if (line is "[modules]" or "[names]")
                section = line == "[names]" ? names : modules;
            else if (line.Length > 0 && line[0] != '#')
                section.UnionWith(line.Split(' ', StringSplitOptions.RemoveEmptyEntries));
        }
        return (modules.ToFrozenSet(StringComparer.Ordinal), names.ToFrozenSet(StringComparer.Ordinal));
    }
}
