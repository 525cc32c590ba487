using System.Globalization;
using System.Text;
using FsCheck;
using FsCheck.Fluent;

namespace Merlon.Kernel.Tests.Results;

public sealed class TextTests
{
    [Theory]
    [InlineData(null, "")]
    [InlineData("", "")]
    [InlineData("größe 1", "größe 1")]
    [InlineData("a\u001b[31mred", "a\uFFFD[31mred")]
    [InlineData("a\r\nb", "a\uFFFD\uFFFDb")]
    [InlineData("a\u0085b\u009bc", "a\uFFFDb\uFFFDc")]
    [InlineData("model\u202exnno", "model\uFFFDxnno")]
    [InlineData("a\u2066b\u2069", "a\uFFFDb\uFFFD")]
    [InlineData("a\u200bb\ufeffc", "a\uFFFDb\uFFFDc")]
    [InlineData("a\u2028b\u2029c", "a\uFFFDb\uFFFDc")]
    public void Printable_HiddenCharacters_AreReplaced(string? text, string expected) => Assert.Equal(expected, Text.Printable(text, 80));

    [Fact]
    public void Printable_TagCharactersAndUnpairedSurrogates_AreReplaced()
    {
        Assert.Equal("a\uFFFD", Text.Printable("a\U000E0041", 80));
        Assert.Equal("a\uFFFDb", Text.Printable("a" + (char)0xD800 + "b", 80));
    }

    [Fact]
    public void Printable_LongText_IsCut_AndNeverInsideACharacter()
    {
        Assert.Equal("abc", Text.Printable("abc", 3));
        Assert.Equal("abc…", Text.Printable("abcd", 3));
        Assert.Equal("ab\U0001F600…", Text.Printable("ab\U0001F600\U0001F600", 3));
    }

    [Fact]
    public void Printable_AnyText_HoldsNothingHidden_AndIsBounded() => Prop.ForAll(ArbMap.Default.ArbFor<string>(), text =>
    {
        var shown = Text.Printable(text, 20);
        return shown.Length <= 22 && shown.EnumerateRunes().All(r => !Rune.IsControl(r) && Rune.GetUnicodeCategory(r) is not (UnicodeCategory.Format or UnicodeCategory.LineSeparator));
    }).Check(Config.QuickThrowOnFailure.WithMaxTest(3000));
}
