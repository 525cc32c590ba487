using System.Reflection;
using System.Xml.Linq;

namespace Merlon.Architecture.Tests.Types;

/// <summary>The built assembly of each module.</summary>
internal static class ModuleAssemblies
{
    public static IReadOnlyList<(string Module, Assembly Assembly)> All { get; } =
    [
        .. Repository.Files("src", "*.csproj").Select(project =>
        {
            var name = XDocument.Parse(project.Text).Descendants("AssemblyName").FirstOrDefault()?.Value ?? Path.GetFileNameWithoutExtension(project.Name);
            return (Repository.ModuleOf(project.Path), Assembly.LoadFrom(Path.Combine(AppContext.BaseDirectory, name + ".dll")));
        }),
    ];

    /// <summary>Types that people wrote: no closures, no state machines, nothing from a source generator's own namespaces.</summary>
    public static IEnumerable<Type> WrittenTypes(Assembly assembly) => assembly.GetTypes()
        .Where(t => !t.Name.Contains('<', StringComparison.Ordinal) && t.DeclaringType?.Name.Contains('<', StringComparison.Ordinal) != true
            && !t.IsDefined(typeof(System.Runtime.CompilerServices.CompilerGeneratedAttribute))
            && !t.CustomAttributes.Any(a => a.AttributeType.FullName == "Microsoft.CodeAnalysis.EmbeddedAttribute") && t.Namespace?.EndsWith(".Embedded", StringComparison.Ordinal) != true);

    /// <summary>Razor's compiler makes every component public; a page that another module could only draw is no boundary.</summary>
    public static bool IsComponent(Type type) => typeof(Microsoft.AspNetCore.Components.IComponent).IsAssignableFrom(type) || type.Name == "_Imports";
}
