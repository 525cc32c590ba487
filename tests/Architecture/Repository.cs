namespace Merlon.Architecture.Tests;

/// <summary>One file of the repository: its path from the root, '/'-separated, and its text.</summary>
internal sealed record SourceFile(string Path, string Text)
{
    public string Name => Path[(Path.LastIndexOf('/') + 1)..];

    public string[] Lines => Text.Split('\n');
}

/// <summary>The checkout that the tests run in. Everything is found in the file system; nothing is listed.</summary>
internal static class Repository
{
    private static readonly string[] s_madeFolders = ["bin", "obj", "node_modules", ".git", "artifacts", ".merlon"];

    public static string Root { get; } = FindRoot();

    public static IReadOnlyList<SourceFile> Sources { get; } = [.. Files("src", "*.cs")];

    /// <summary>Folders of modules and applications: <c>Group/Name</c>, wherever a project file lies under src/.</summary>
    public static IReadOnlyList<string> Modules { get; } =
        [.. Files("src", "*.csproj").Select(f => f.Path["src/".Length..f.Path.LastIndexOf('/')]).Order(StringComparer.Ordinal)];

    public static IEnumerable<SourceFile> Files(string folder, string pattern) =>
        Directory.EnumerateFiles(Path.Combine(Root, folder), pattern, SearchOption.AllDirectories)
            .Select(path => Path.GetRelativePath(Root, path))
            .Where(path => !path.Split('/').Intersect(s_madeFolders, StringComparer.Ordinal).Any())
            .Order(StringComparer.Ordinal)
            .Select(path => new SourceFile(path, File.ReadAllText(Path.Combine(Root, path))));

    /// <summary>The module in whose folder a file of src/ lies.</summary>
    /// <summary>Group and module; the console is a group of one.</summary>
    public static string ModuleOf(string path) => path.Split('/') is [_, "Console", ..] ? "Console" : string.Join('/', path.Split('/')[1..3]);

    private static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Merlon.slnx")))
                return folder.FullName;
        }
        throw new InvalidOperationException("The tests do not run inside a checkout.");
    }
}
