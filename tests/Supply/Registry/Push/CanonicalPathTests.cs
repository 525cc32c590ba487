using FsCheck;
using FsCheck.Fluent;
using Merlon.Registry.Push;

namespace Merlon.Registry.Tests.Push;

public sealed class CanonicalPathTests
{
    [Theory]
    [InlineData("model.onnx")]
    [InlineData("a/b/c.bin")]
    [InlineData(".gitattributes")]
    [InlineData("...")]
    [InlineData("modèle/größe.txt")]
    [InlineData("모델/模型/モデル.onnx")]
    [InlineData("a b")]
    public void Check_CanonicalPath_IsAccepted(string path) => Assert.Null(CanonicalPath.Check(path));

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("/")]
    [InlineData("/etc/passwd")]
    [InlineData("..")]
    [InlineData("../x")]
    [InlineData("a/../x")]
    [InlineData("a/..")]
    [InlineData(".")]
    [InlineData("./x")]
    [InlineData("a/./x")]
    [InlineData("a//x")]
    [InlineData("a/")]
    [InlineData("a\\x")]
    [InlineData("..\\x")]
    [InlineData("a\0x")]
    [InlineData("a\nx")]
    [InlineData("a\u007fx")]
    [InlineData("a\u0085x")]
    [InlineData("model\u202exnno.exe")]
    [InlineData("a\u200bx")]
    [InlineData("\ufeffx")]
    [InlineData("cafe\u0301")]
    [InlineData("\u212b")]
    [InlineData("\u1112\u1161\u11ab")]
    [InlineData("\uf900")]
    [InlineData("\u1f71")]
    [InlineData("\U0002f800")]
    [InlineData("a\ufffdx")]
    public void Check_AnythingElse_IsRefused_AndShownSafely(string? path)
    {
        var refusal = CanonicalPath.Check(path);
        Assert.Equal("path.invalid", refusal?.Code);
        Assert.DoesNotContain(refusal!.Detail, char.IsControl);
        Assert.DoesNotContain('\u202e', refusal.Detail);
    }

    // Unpaired surrogates cannot be written into an attribute: its text is stored as UTF-8.
    [Fact]
    public void Check_UnpairedSurrogate_IsRefused()
    {
        Assert.NotNull(CanonicalPath.Check("a" + (char)0xD800));
        Assert.NotNull(CanonicalPath.Check((char)0xDC00 + "a"));
    }

    [Fact]
    public void Check_LengthAndDepthAtTheirBounds_AreRefusedAboveThem()
    {
        Assert.Null(CanonicalPath.Check(new string('a', Limits.MaxPathBytes)));
        Assert.NotNull(CanonicalPath.Check(new string('a', Limits.MaxPathBytes + 1)));
        // Bytes count, not characters.
        Assert.NotNull(CanonicalPath.Check(new string('é', (Limits.MaxPathBytes / 2) + 1)));
        Assert.Null(CanonicalPath.Check(string.Join('/', Enumerable.Repeat("a", Limits.MaxPathDepth))));
        Assert.NotNull(CanonicalPath.Check(string.Join('/', Enumerable.Repeat("a", Limits.MaxPathDepth + 1))));
    }

    [Theory]
    [InlineData("a", "a")]
    [InlineData("Model.onnx", "model.onnx")]
    [InlineData("É", "é")]
    [InlineData("a", "a/b")]
    [InlineData("a/b/c", "a")]
    [InlineData("A", "a/b")]
    public void CheckAll_TwoThatCannotLieSideBySide_AreRefused(string one, string two)
    {
        Assert.NotNull(CanonicalPath.CheckAll([one, two]));
        Assert.NotNull(CanonicalPath.CheckAll([two, one]));
    }

    [Fact]
    public void CheckAll_PathsThatOnlyBeginAlike_AreAccepted() => Assert.Null(CanonicalPath.CheckAll(["a.b", "a/x", "a-b/x", "ab"]));

    /// <summary>Whatever is accepted stays below the folder it is joined to, as itself, in any file system.</summary>
    [Fact]
    public void Check_AnyAcceptedPath_StaysInsideItsFolder() => Prop.ForAll(
        Gen.Elements("a", "B", ".", "..", "/", "\\", "é", "e\u0301", "\u202e", "\0", "~", "c:", "...").ListOf().Select(parts => string.Concat(parts)).ToArbitrary(),
        path =>
        {
            if (CanonicalPath.Check(path) is not null)
                return true;
            var full = Path.GetFullPath(Path.Combine("/root/artifact", path));
            return full == "/root/artifact/" + path && !path.Contains('\u0301', StringComparison.Ordinal) && !path.Contains('\\', StringComparison.Ordinal);
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(5000));
}
