namespace Merlon.Kernel.Tests.Identity;

public sealed class NamesTests
{
    [Theory]
    [InlineData("a")]
    [InlineData("0")]
    [InlineData("fraud-v2_x.y")]
    public void IsValid_Name_IsAccepted(string name)
    {
        Assert.True(Names.IsValid(name));
        Assert.Null(Names.Check("name", name));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("A")]
    [InlineData("-a")]
    [InlineData(".a")]
    [InlineData("..")]
    [InlineData("_a")]
    [InlineData("a/b")]
    [InlineData("a b")]
    [InlineData("a\n")]
    [InlineData("é")]
    [InlineData("a\u202e")]
    [InlineData("\u0661")]
    public void IsValid_AnythingElse_IsRefused_AndShownSafely(string? name)
    {
        var refusal = Names.Check("model name", name);
        Assert.Equal((RefusalKind.Invalid, "name.invalid"), (refusal!.Kind, refusal.Code));
        Assert.DoesNotContain(refusal.Detail, char.IsControl);
        Assert.DoesNotContain('\u202e', refusal.Detail);
    }

    [Fact]
    public void IsValid_LengthAtItsBound_IsRefusedAboveIt()
    {
        Assert.True(Names.IsValid(new string('a', Names.MaxLength)));
        Assert.False(Names.IsValid(new string('a', Names.MaxLength + 1)));
        Assert.True(Names.Check("name", new string('a', 100_000))!.Detail.Length < 300);
    }
}
