namespace Merlon.Architecture.Tests.Documents;

public sealed class DocumentRulesTests
{
    private static bool Exists(string path) => Path.Exists(Path.Combine(Repository.Root, path));

    [Fact]
    public void Modules_All_HaveAReadme() => Assert.Empty(DocumentRules.WithoutReadme(Repository.Modules, Exists));

    [Fact]
    public void Links_OfAllDocuments_Resolve() => Assert.Empty(DocumentRules.BrokenLinks(Repository.Files(".", "*.md"), Exists));

    [Fact]
    public void WithoutReadme_ModuleWithoutOne_IsFound() =>
        Assert.Equal(["src/A/B has no README.md"], DocumentRules.WithoutReadme(["A/B", "A/C"], path => path == "src/A/C/README.md"));

    [Theory]
    [InlineData("[x](gone.md)", 1)]
    [InlineData("[x](../gone.md#part)", 1)]
    [InlineData("[x](/docs/gone.md \"title\")", 1)]
    [InlineData("[x](here.md)", 0)]
    [InlineData("[x](../src/there.cs)", 0)]
    [InlineData("[x](#part) and [y](https://example.org/gone.md)", 0)]
    [InlineData("```sh\n[x](gone.md)\n```\n", 0)]
    public void BrokenLinks_TargetThatIsNotThere_IsFound(string text, int expected) =>
        Assert.Equal(expected, DocumentRules.BrokenLinks([new SourceFile("docs/a.md", text)], path => path is "docs/here.md" or "src/there.cs").Count);
}
