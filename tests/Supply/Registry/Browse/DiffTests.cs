using Merlon.ControlHost;
using Merlon.Registry.Contracts;

namespace Merlon.Registry.Tests.Browse;

public sealed class DiffTests : IAsyncLifetime
{
    private readonly RegistryFixture _registry = new();

    public Task InitializeAsync() => _registry.InitializeAsync();

    public Task DisposeAsync() => _registry.DisposeAsync();

    [Fact]
    public async Task Diff_TwoVersions_NamesWhatWasAddedChangedAndRemoved()
    {
        await _registry.Owner.PushAsync("m", "1", ("same", [1]), ("gone", [2]), ("edited", [3]));
        await _registry.Owner.PushAsync("m", "2", ("same", [1]), ("new", [4]), ("edited", [5, 6]));
        var diff = await _registry.Owner.GetAsync("/models/m/diff?from=1&to=2");
        Assert.Equal(
            [("edited", "changed"), ("gone", "removed"), ("new", "added")],
            diff.Json!["changes"]!.AsArray().Select(c => (c!["path"]!.GetValue<string>(), c["change"]!.GetValue<string>())));
        Assert.False(diff.Json["identical"]!.GetValue<bool>());
        Assert.True((await _registry.Owner.GetAsync("/models/m/diff?from=1&to=1")).Json!["identical"]!.GetValue<bool>());
        Assert.Equal("model.unknown", (await _registry.Owner.GetAsync("/models/m/diff?from=1&to=3")).Code);
    }

    [Fact]
    public async Task Models_List_ShowsTheLatestOfEach()
    {
        await _registry.Owner.PushAsync("a", "1", ("x", [1]));
        await _registry.Owner.PushAsync("a", "2", ("x", [2, 3]));
        await _registry.Owner.PushAsync("b", "3", ("x", [1]));
        var list = (await _registry.Owner.GetAsync("/models")).Json!["items"]!.AsArray();
        Assert.Equal([("a", 2), ("b", 1)], list.Select(m => (m!["name"]!.GetValue<string>(), m["latest"]!.GetValue<int>())));
        var first = (await _registry.Owner.GetAsync("/models?limit=1")).Json!;
        Assert.Equal("a", first["items"]!.AsArray().Single()!["name"]!.GetValue<string>());
        var second = (await _registry.Owner.GetAsync($"/models?limit=1&after={first["next"]!.GetValue<string>()}")).Json!;
        Assert.Equal(("b", null), (second["items"]!.AsArray().Single()!["name"]!.GetValue<string>(), second["next"]));
        Assert.Equal("page.cursor", (await _registry.Owner.GetAsync("/models?after=!")).Code);
    }

    [Theory]
    [InlineData("fraud@1", true)]
    [InlineData("fraud@0", false)]
    [InlineData("fraud@-1", false)]
    [InlineData("fraud@+1", false)]
    [InlineData("fraud@ 1", false)]
    [InlineData("fraud@1.0", false)]
    [InlineData("fraud@99999999999", false)]
    [InlineData("fraud@", false)]
    [InlineData("@1", false)]
    [InlineData("fraud", false)]
    [InlineData("Fraud@1", false)]
    [InlineData("a@1@2", false)]
    [InlineData(null, false)]
    public void ModelReference_Text_IsTakenInOneFormOnly(string? text, bool valid)
    {
        Assert.Equal(valid, ModelReference.TryParse(text, out var reference));
        if (valid)
            Assert.Equal(text, reference!.ToString());
    }
}
