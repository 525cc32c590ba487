using FsCheck;
using FsCheck.Fluent;

namespace Merlon.Kernel.Tests.Digests;

public sealed class ManifestDigestTests
{
    private static ArtifactFile File(string path, string content = "x") => new(path, content.Length, Digest.Of(System.Text.Encoding.UTF8.GetBytes(content)));

    /// <summary>The text that is hashed, written here by hand from the definition.</summary>
    [Fact]
    public void Compute_IsTheHashOfTheDefinedText()
    {
        var text = $"merlon.manifest.v1\na-b\0{1}\0{Digest.Of("x"u8).Hex}\na/b\0{3}\0{Digest.Of("yyy"u8).Hex}\né\0{0}\0{Digest.Of(""u8).Hex}\n";
        Assert.Equal(Digest.Of(System.Text.Encoding.UTF8.GetBytes(text)), ManifestDigest.Compute([File("é", ""), File("a/b", "yyy"), File("a-b")]));
        Assert.Equal(Digest.Of("merlon.manifest.v1\n"u8), ManifestDigest.Compute([]));
    }

    /// <summary>UTF-8 order and UTF-16 order differ above the basic plane; the definition says UTF-8.</summary>
    [Fact]
    public void Compute_OrdersByUtf8Bytes()
    {
        const string High = "\U0001F600", Private = "\uFB01";
        Assert.True(string.CompareOrdinal(High, Private) < 0);
        var text = $"merlon.manifest.v1\n{Private}\0{1}\0{Digest.Of("x"u8).Hex}\n{High}\0{1}\0{Digest.Of("x"u8).Hex}\n";
        Assert.Equal(Digest.Of(System.Text.Encoding.UTF8.GetBytes(text)), ManifestDigest.Compute([File(High), File(Private)]));
    }

    [Fact]
    public void Compute_AnyOrder_IsTheSame_AndEveryPartCounts()
    {
        ArtifactFile[] files = [File("a"), File("b", "yy"), File("c/d", "zzz")];
        var digest = ManifestDigest.Compute(files);
        Assert.Equal(digest, ManifestDigest.Compute(files.Reverse()));
        Digest[] others =
        [
            ManifestDigest.Compute(files[..2]), ManifestDigest.Compute([.. files, File("e")]), ManifestDigest.Compute([files[0] with { Path = "A" }, .. files[1..]]),
            ManifestDigest.Compute([files[0] with { Size = 2 }, .. files[1..]]), ManifestDigest.Compute([files[0] with { Sha256 = Digest.Of("q"u8) }, .. files[1..]]),
        ];
        Assert.DoesNotContain(digest, others);
        Assert.Equal(others.Length, others.Distinct().Count());
    }

    [Fact]
    public void Compute_PathThatCouldForgeALine_Throws()
    {
        Assert.Throws<ArgumentException>(() => ManifestDigest.Compute([File("a\nb")]));
        Assert.Throws<ArgumentException>(() => ManifestDigest.Compute([File("a\0b")]));
        Assert.Throws<ArgumentException>(() => ManifestDigest.Compute([File("a"), File("a", "other")]));
    }

    /// <summary>Different sets of files never have one digest.</summary>
    [Fact]
    public void Compute_TwoLists_AreEqualOnlyWhenTheirFilesAre() => Prop.ForAll(
        Pairs.ToArbitrary(), pair =>
        {
            var same = pair.Item1.Order(StringComparer.Ordinal).SequenceEqual(pair.Item2.Order(StringComparer.Ordinal), StringComparer.Ordinal);
            return same == (ManifestDigest.Compute(pair.Item1.Select(p => File(p))) == ManifestDigest.Compute(pair.Item2.Select(p => File(p))));
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(2000));

    private static Gen<(string[], string[])> Pairs
    {
        get
        {
            var list = Gen.Elements("a", "b", "ab", "a/b", "1", "a1", "é").ListOf().Select(paths => paths.Distinct(StringComparer.Ordinal).ToArray());
            return list.SelectMany(one => list.Select(two => (one, two)));
        }
    }
}
