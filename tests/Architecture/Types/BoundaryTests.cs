namespace Merlon.Architecture.Tests.Types;

public sealed class BoundaryTests
{
    /// <summary>The whole Kernel is contract.</summary>
    private const string Kernel = "Foundation/Kernel";

    /// <summary>Made by the framework's own generator for programs with top-level statements.</summary>
    private const string Entry = "Program";

    /// <summary>Interfaces whose second implementation is the independent one that their tests compare with.</summary>
    private static readonly string[] s_comparedInTests = ["Merlon.Ledger.ISubtreeSource has one implementation"];

    private static readonly SourceFile[] s_planted =
    [
        new("src/Supply/Registry/Contracts/IRegistry.cs", "namespace X;\n\npublic interface IRegistry;\npublic sealed record Info(int A);\n"),
        new("src/Supply/Registry/RegistryModule.cs", "public static class RegistryModule\n"),
        new("src/Supply/Registry/Push/Upload.cs", "public sealed partial class Upload\n{\n    public sealed record Inner;\n}\ninternal sealed class Other;\n"),
        new("src/Supply/Registry/Push/PushModule.cs", "public readonly record struct PushModule\n"),
    ];

    public static TheoryData<string> Modules => [.. ModuleAssemblies.All.Select(m => m.Module)];

    [Theory]
    [MemberData(nameof(Modules))]
    public void ExportedTypes_OfAModule_StandInItsBoundary(string module)
    {
        var assembly = ModuleAssemblies.All.Single(m => m.Module == module).Assembly;
        var exported = assembly.GetExportedTypes().Where(t => !t.IsNested && !ModuleAssemblies.IsComponent(t) && !(t.Name == Entry && t.Namespace is null)).Select(t => t.Name.Split('`')[0]);
        if (module != Kernel)
            Assert.Empty(BoundaryRules.Misplaced(module, exported, Repository.Sources));
    }

    [Theory]
    [MemberData(nameof(Modules))]
    public void Types_OfAModule_KeepTheHouseRules(string module)
    {
        var types = ModuleAssemblies.WrittenTypes(ModuleAssemblies.All.Single(m => m.Module == module).Assembly).ToList();
        Assert.Empty(BoundaryRules.StrayNamespaces(types.Select(t => t.Namespace ?? t.Name).Where(n => n != Entry)));
        Assert.Empty(BoundaryRules.LonelyInterfaces(types).Except(s_comparedInTests));
        Assert.Empty(BoundaryRules.WideConstructors(types));
    }

    [Fact]
    public void Misplaced_PublicTypeOutsideTheBoundary_IsFound()
    {
        Assert.Empty(BoundaryRules.Misplaced("Supply/Registry", ["IRegistry", "Info", "RegistryModule"], s_planted));
        Assert.Single(BoundaryRules.Misplaced("Supply/Registry", ["IRegistry", "Upload"], s_planted));
        Assert.Single(BoundaryRules.Misplaced("Supply/Registry", ["PushModule"], s_planted));
        Assert.Single(BoundaryRules.Misplaced("Supply/Registry", ["Undeclared"], s_planted));
    }

    [Fact]
    public void LonelyInterfaces_InterfaceWithOneClass_IsFound()
    {
        Assert.Single(BoundaryRules.LonelyInterfaces([typeof(ILonely), typeof(Only)]));
        Assert.Empty(BoundaryRules.LonelyInterfaces([typeof(IShared), typeof(First), typeof(Second)]));
    }

    [Fact]
    public void WideConstructors_TenParameters_AreFound()
    {
        Assert.Single(BoundaryRules.WideConstructors([typeof(Wide), typeof(Only)]));
        Assert.Empty(BoundaryRules.WideConstructors([typeof(WideRecord)]));
    }

    [Fact]
    public void StrayNamespaces_OtherRoot_IsFound() => Assert.Equal(["Merlonish.X"], BoundaryRules.StrayNamespaces(["Merlon.Keys", "Merlonish.X"]));

    private interface ILonely;

    private interface IShared;

    private sealed class Only : ILonely;

    private sealed class First : IShared;

    private sealed class Second : IShared;

    private sealed class Wide
    {
        public Wide(int a, int b, int c, int d, int e, int f, int g, int h, int i, int j) => _ = a + b + c + d + e + f + g + h + i + j;
    }

    private sealed record WideRecord(int A, int B, int C, int D, int E, int F, int G, int H, int I, int J);
}
