namespace Merlon.Kernel.Tests.Results;

public sealed class ResultTests
{
    private static readonly Refusal s_refusal = new(RefusalKind.Conflict, "thing.exists", "It is there.") { Remedy = "Take another." };

    [Fact]
    public void Result_Value_IsTheValue_AndHasNoRefusal()
    {
        Result<int> result = 5;
        Assert.True(result.Try(out var value, out var refusal));
        Assert.Equal((5, 5, false), (value, result.Value, result.IsRefused));
        Assert.Null(refusal);
        Assert.Throws<InvalidOperationException>(() => result.Refusal);
    }

    [Fact]
    public void Result_Refusal_HasNoValue_AndSaysWhy()
    {
        Result<int> result = s_refusal;
        Assert.False(result.Try(out _, out var refusal));
        Assert.Same(s_refusal, refusal);
        Assert.Contains("thing.exists", Assert.Throws<InvalidOperationException>(() => result.Value).Message, StringComparison.Ordinal);
        Assert.Equal("It is there. Take another.", s_refusal.ToString());
        Assert.Equal("It is there.", (s_refusal with { Remedy = null }).ToString());
    }

    [Fact]
    public void Scope_Default_IsAPairOfDifferentIds()
    {
        Assert.NotEqual(Scope.Default.Organisation, Scope.Default.Project);
        Assert.NotEqual(default, Scope.Default);
    }
}
