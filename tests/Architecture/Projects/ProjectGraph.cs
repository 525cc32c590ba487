using System.Xml.Linq;

namespace Merlon.Architecture.Tests.Projects;

/// <summary>One reference between projects, by folder from the root of the repository.</summary>
internal sealed record ProjectEdge(string From, string To);

/// <summary>References point one way: Proof → Watch → Runtime → Supply → Data → Foundation, and inside a group in the listed order.</summary>
internal static class ProjectGraph
{
    private const string Application = "src/Apps/Merlon";

    public static IReadOnlyList<ProjectEdge> ReadEdges() => [.. Repository.Files("src", "*.csproj").SelectMany(Edges)];

    public static IReadOnlyList<string> ReadTable(IEnumerable<string> lines) =>
        [.. lines.Select(l => l.Trim()).Where(l => l.Length > 0 && l[0] != '#').Select(l => "src/" + l)];

    /// <summary>A sentence for each project that is not in the table (or is only there), and for each reference that points up.</summary>
    public static IReadOnlyList<string> Violations(IReadOnlyList<string> table, IReadOnlyList<string> projects, IReadOnlyList<ProjectEdge> edges)
    {
        var place = table.Select((folder, index) => (folder, index)).ToDictionary(p => p.folder, p => p.index, StringComparer.Ordinal);
        return
        [
            .. projects.Except(table, StringComparer.Ordinal).Select(p => $"{p} is not in the table of modules"),
            .. table.Except(projects, StringComparer.Ordinal).Select(p => $"{p} is in the table of modules and does not exist"),
            .. edges.Where(e => !Allowed(e, place)).Select(e => $"{e.From} may not refer to {e.To}"),
        ];
    }

    private static bool Allowed(ProjectEdge edge, Dictionary<string, int> place)
    {
        if (edge.To.StartsWith("samples/", StringComparison.Ordinal))
            return edge.From == Application;
        // An unlisted project is told once, as unlisted.
        if (!place.TryGetValue(edge.From, out var from))
            return true;
        return place.TryGetValue(edge.To, out var to) && to < from && !edge.To.StartsWith("src/Apps/", StringComparison.Ordinal);
    }

    private static IEnumerable<ProjectEdge> Edges(SourceFile project)
    {
        var folder = project.Path[..project.Path.LastIndexOf('/')];
        return XDocument.Parse(project.Text).Descendants("ProjectReference")
            .Select(r => Path.GetFullPath(Path.Combine(Repository.Root, folder, r.Attribute("Include")!.Value)))
            .Select(path => new ProjectEdge(folder, Path.GetRelativePath(Repository.Root, Path.GetDirectoryName(path)!)));
    }
}
