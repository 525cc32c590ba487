namespace Merlon.Architecture.Tests.Projects;

public sealed class ProjectGraphTests
{
    private static readonly string[] s_table = ["src/Foundation/Kernel", "src/Supply/Registry", "src/Apps/ModelWorker", "src/Apps/Merlon"];

    [Fact]
    public void References_OfAllProjects_PointDownTheTable()
    {
        var table = ProjectGraph.ReadTable(File.ReadLines(Path.Combine(AppContext.BaseDirectory, "modules.txt")));
        var edges = ProjectGraph.ReadEdges();
        Assert.True(edges.Count > 20, "The graph was not read.");
        Assert.Empty(ProjectGraph.Violations(table, [.. Repository.Modules.Select(m => "src/" + m)], edges));
    }

    [Theory]
    [InlineData("src/Foundation/Kernel", "src/Supply/Registry")]
    [InlineData("src/Supply/Registry", "src/Supply/Registry")]
    [InlineData("src/Apps/Merlon", "src/Apps/ModelWorker")]
    [InlineData("src/Supply/Registry", "samples/fraud")]
    [InlineData("src/Supply/Registry", "tests/Foundation/Keys")]
    [InlineData("src/Supply/Registry", "src/Supply/Unlisted")]
    public void Violations_ReferenceThatPointsUp_IsFound(string from, string to) =>
        Assert.Equal([$"{from} may not refer to {to}"], ProjectGraph.Violations(s_table, s_table, [new ProjectEdge(from, to)]));

    [Fact]
    public void Violations_UnlistedOrVanishedProject_IsFound()
    {
        Assert.Single(ProjectGraph.Violations(s_table, [.. s_table, "src/Watch/New"], []));
        Assert.Single(ProjectGraph.Violations(s_table, s_table[1..], []));
    }
}
