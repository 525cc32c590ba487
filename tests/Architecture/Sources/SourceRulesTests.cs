namespace Merlon.Architecture.Tests.Sources;

public sealed class SourceRulesTests
{
    [Fact]
    public void Sources_OfAllModules_KeepTheRules()
    {
        Assert.True(Repository.Sources.Count > 100, "The sources were not found.");
        Assert.Empty(SourceRules.Violations(Repository.Sources));
    }

    [Theory]
    [InlineData("src/A/B/Long.cs", 401, 1)]
    [InlineData("src/A/B/Long.cs", 400, 0)]
    [InlineData("src/Apps/X/Program.cs", 61, 1)]
    [InlineData("src/Apps/X/Program.cs", 60, 0)]
    public void Violations_FileAtItsBound_IsFoundAboveIt(string path, int lines, int expected) =>
        Assert.Equal(expected, SourceRules.Violations([new SourceFile(path, string.Join('\n', Enumerable.Repeat("// x", lines)) + "\n")]).Count);

    [Theory]
    [InlineData("src/A/B/C.cs", "// TODO: later")]
    [InlineData("src/A/B/C.cs", "throw new NotImplementedException();")]
    [InlineData("src/A/B/Helpers/C.cs", "// fine")]
    public void Violations_UnfinishedOrNameless_IsFound(string path, string text) => Assert.Single(SourceRules.Violations([new SourceFile(path, text)]));

    [Fact]
    public void Violations_WordsThatOnlyContainThem_AreNot() => Assert.Empty(SourceRules.Violations([new SourceFile("src/A/B/C.cs", "var todos = mastodon;")]));
}
