using System.Reflection;
using System.Text.RegularExpressions;

namespace Merlon.Architecture.Tests.Types;

/// <summary>What a module offers stands in its Contracts folder and its module file; everything else is internal.</summary>
internal static partial class BoundaryRules
{
    private const int MaxConstructorParameters = 9;

    /// <summary>Names of the types that a file declares in public at its top level.</summary>
    public static IEnumerable<string> PublicTypes(string source) => PublicDeclaration().Matches(source).Select(m => m.Groups["name"].Value);

    /// <summary>Public types that stand elsewhere than in <c>Contracts/</c> or a <c>…Module.cs</c> at the module's root, or that no file declares.</summary>
    public static IReadOnlyList<string> Misplaced(string module, IEnumerable<string> exported, IReadOnlyList<SourceFile> sources)
    {
        var declared = sources.Where(f => Repository.ModuleOf(f.Path) == module)
            .SelectMany(f => PublicTypes(f.Text).Select(name => (name, f.Path))).ToLookup(p => p.name, p => p.Path, StringComparer.Ordinal);
        return [.. exported.Distinct(StringComparer.Ordinal)
            .Where(name => !declared[name].Any() || !declared[name].All(path => IsBoundary(module, path)))
            .Select(name => $"{module}: {name} is public in {string.Join(", ", declared[name].DefaultIfEmpty("no file"))}")];
    }

    /// <summary>Interfaces inside a module that stand for nothing: exactly one class implements them, and nobody outside can.</summary>
    public static IReadOnlyList<string> LonelyInterfaces(IReadOnlyCollection<Type> types) =>
        [.. types.Where(t => t.IsInterface && !t.IsVisible && types.Count(c => c.IsClass && t.IsAssignableFrom(c)) == 1)
            .Select(t => $"{t.FullName} has one implementation")];

    /// <summary>Constructors of classes that ask for too much. Records are data and not meant.</summary>
    public static IReadOnlyList<string> WideConstructors(IEnumerable<Type> types) =>
        [.. types.Where(t => t.IsClass && t.GetMethod("<Clone>$") is null)
            .SelectMany(t => t.GetConstructors(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic))
            .Where(c => c.GetParameters().Length > MaxConstructorParameters)
            .Select(c => $"{c.DeclaringType!.FullName} takes {c.GetParameters().Length} parameters")];

    public static IReadOnlyList<string> StrayNamespaces(IEnumerable<string> namespaces) =>
        [.. namespaces.Where(n => n != "Merlon" && !n.StartsWith("Merlon.", StringComparison.Ordinal)).Distinct(StringComparer.Ordinal)];

    private static bool IsBoundary(string module, string path)
    {
        var inside = path[$"src/{module}/".Length..];
        return inside.StartsWith("Contracts/", StringComparison.Ordinal) || (inside.EndsWith("Module.cs", StringComparison.Ordinal) && !inside.Contains('/', StringComparison.Ordinal));
    }

    // File-scoped namespaces: a type at the top level begins its line.
    [GeneratedRegex(@"^public (?:(?:static|sealed|abstract|readonly|partial|unsafe|ref) )*(?:record struct|record class|record|class|struct|interface|enum|delegate \S+) (?<name>\w+)", RegexOptions.Multiline | RegexOptions.ExplicitCapture, 10_000)]
    private static partial Regex PublicDeclaration();
}
